# SPDX-License-Identifier: Apache-2.0
"""A checkpoint's file again, with other tensors in place of some of its own."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from gguf import GGUFReader, GGUFWriter

from models.checkpoint.checkpoint import WEIGHT_BITS
from models.checkpoint.quantised import Quantised


def rewrite(source: str, file: Path, tensors: Mapping[str, Quantised], widths: Sequence[int] = ()) -> None:
    """Write the GGUF ``source`` to ``file`` with these ``tensors``; ``widths`` are the weights' bits of a mix.

    OSError as writing raises it, which leaves half a file.
    """
    reader, writer = GGUFReader(source), GGUFWriter(file, "llama")
    for name, field in reader.fields.items():
        if not name.startswith("GGUF.") and name != "general.architecture":
            writer.add_key_value(name, field.contents(), field.types[0], field.types[-1])
    if widths:
        writer.add_array(WEIGHT_BITS, widths)
    for stored in reader.tensors:
        if stored.name in tensors:
            tensors[stored.name].add_to(writer, stored.name)
        else:
            writer.add_tensor(stored.name, stored.data, raw_dtype=stored.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
