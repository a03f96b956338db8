// SPDX-License-Identifier: Apache-2.0
// HOLDS(NAME, CONDITION, TEXT): an assertion that ends the run and leaves its name and instance where the runner looks.
`ifndef ASSERT_SVH
`define ASSERT_SVH
`define HOLDS(NAME, CONDITION, TEXT) \
  NAME: assert (CONDITION) else assertion_pkg::fail($sformatf("%m: %s", TEXT));
`endif
