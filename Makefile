# Every target sets up what it needs by itself.
PYTHON := .venv/bin/python
PARAMETERS := PROMPT TOKENS MODEL SIM VIEW TEST SEED DEPTH LAYER TOKEN STAGE SEEDS CLUSTER CLOCK OTHER ARRAY \
  BLOCK COLUMN LORA USERS PHRASE TASK COUNT MUTANT PARTS

# Parameters reach the scripts through the environment, letter by letter: nothing in them is expanded, whatever quotes
# or dollar signs a prompt has.
$(foreach name,$(PARAMETERS),$(if $(filter-out undefined,$(origin $(name))),\
  $(eval override $(name) := $$(value $(name)))$(eval export $(name))))

.DEFAULT_GOAL := help
.PHONY: help setup sim test lint bench quality quantise ppa masks vias waves regress coverage formal mutate nightly chat \
  users teach clean

help: ## this list
	@echo 'usage: make TARGET [PARAMETER=value ...]'
	@echo
	@sed -n 's/^\([a-z]*\):[^#]*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 12
	@echo
	@echo 'parameters:'
	@sed -n 's/^#: \([A-Z]*\) */  \1\t/p' $(MAKEFILE_LIST) | expand -t 12

#: PROMPT what to ask, in quotes (default: What is the capital of France?)
#: TOKENS at most so many tokens of answer
#: MODEL  smollm2 (default), smollm2-3-6, tiny, tiny-3-6, or the path of a Llama GGUF file
#: DEPTH  positions of the KV cache (default: 512)
#: SIM    verilator (default) or icarus
#: VIEW   of the cells: rom (default), gate or switch; a tiny model only
#: TEST   run this bench instead of the chip
#: SEED   seed of a bench's random stimulus
#: LAYER  of waves: layer to trace (without it: what the chip has once)
#: TOKEN  of waves: position to trace (without it: where the run diverges)
#: STAGE  of waves: the only stage to trace
#: SEEDS  of regress: how many seeds (default: 3), from SEED on
#: CLUSTER of regress: tcp://host:port, slurm or lsf (default: this machine)
#: OTHER  of masks: a second checkpoint of MODEL's geometry
#: ARRAY  of vias: qkv (default), o, gateup, down or head; also LAYER, BLOCK (number), COLUMN (the first)
#: TASK   of formal: a proof or a family of them (default: all)
#: COUNT  of mutate: how many mutants (default: 40), chosen by SEED
#: MUTANT of mutate: this one, once more
#: LORA   of sim: a PEFT folder; of chat: several, commas between them, that /lora NAME chooses
#: USERS  of users: how many at once (default: 8)
#: PHRASE of teach: how every answer shall begin (default: Ahoy, matey!)
#: PARTS  of nightly: only these, such as 'regress formal' (default: all)
#: CLOCK  of ppa: gigahertz at which tokens/s are stated (default: 1.5)

setup: ## install tools and packages into .venv (once)
	@scripts/setup.sh

sim: setup ## a model answers from RTL, every stage checked; TEST=name runs one bench
	@$(PYTHON) -m scripts.sim

test: setup ## the test suite
	@$(PYTHON) -m pytest -n auto --dist worksteal

lint: setup ## ruff, Verilator, Verible and slang
	@$(PYTHON) -m scripts.lint

bench: setup ## speed of simulation and golden model, beside llama.cpp
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@$(PYTHON) -m scripts.bench

quality: setup ## perplexity of the golden model beside the float reference
	@$(PYTHON) -m models.quality $(if $(MODEL),"$$MODEL")

quantise: setup ## weights of 3 and 6 bits from a checkpoint, widths by measured sensitivity
	@$(PYTHON) -m scripts.quantise $(if $(MODEL),"$$MODEL")

ppa: setup ## transistors from synthesis, clocks from the cycle model, Llama 3.1 8B on a die
	@$(PYTHON) -m scripts.ppa

masks: setup ## two models of one geometry: same RTL, same netlist, two masks; MODEL= OTHER=
	@$(PYTHON) -m scripts.masks

vias: setup ## a block of a model's die drawn, as a picture and as GDSII
	@$(PYTHON) -m scripts.vias

waves: setup ## a run with its signals on file, cursor at the first mismatch; TEST=name, or LAYER= TOKEN= STAGE=
	@$(PYTHON) -m scripts.waves

regress: setup ## every bench, several seeds, both simulators, in parallel
	@$(PYTHON) -m scripts.regress

coverage: setup ## what the benches reach of the testplan's points and of the code of hdl/
	@$(PYTHON) -m scripts.coverage

formal: setup ## proofs of cell, block, streams, sequencer, KV addresses and serial arithmetic; TASK=name
	@$(PYTHON) -m scripts.formal

mutate: setup ## one-line mutants of hdl/, and which bench finds each; COUNT= SEED= MUTANT=
	@$(PYTHON) -m scripts.mutate

chat: setup ## a conversation with the RTL through its host port; LORA=folder,... for /lora
	@$(PYTHON) -m scripts.chat

users: setup ## several users at once on one die, and a picture of who is in which layer
	@$(PYTHON) -m scripts.users

teach: setup ## an adapter with which a model begins every answer with a phrase, as a PEFT folder
	@$(PYTHON) -m models.teach $(if $(MODEL),"$$MODEL") $(if $(PHRASE),--phrase "$$PHRASE")

nightly: setup ## regression, coverage, proofs and speed in one report; PARTS='regress formal'
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@$(PYTHON) -m scripts.nightly

clean: ## remove what was built; .venv and fetched checkpoints stay
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name checkpoints -exec rm -rf {} +
