# SPDX-License-Identifier: Apache-2.0
# Every target sets up what it needs by itself. Parameters are declared in scripts/cli/parameters.py.
override GIVEN := $(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name)))
override RUN := .venv/bin/python -m
override PARAMETERS := $(shell sed -n '/^[A-Z_]* = Parameter/s/ .*//p' scripts/cli/parameters.py 2>/dev/null)

# What the command line sets reaches the scripts through the environment letter by letter: nothing in it is expanded,
# whatever quotes or dollar signs a prompt has.
$(foreach name,$(GIVEN),$(eval override $(name) := $$(value $(name)))$(eval export $(name)))

# What the user's environment happens to have does not reach them: a MODEL or a TOKEN of something else, and what changes
# Python, pytest or the way results are collected. Only PYTHON does, for setup. scripts/cli/given.py takes the lists.
override OURS := $(filter-out PYTHON $(GIVEN),$(PARAMETERS))
override THEIRS := $(filter-out PYTHON,$(filter PYTHON% PYTEST_%,$(.VARIABLES))) COVERAGE_DIR FUNCTIONAL RECORDS
export CARTRIDGE_GIVEN := $(strip $(GIVEN))
export CARTRIDGE_PASSED_OVER := $(strip $(foreach name,$(OURS),$(if $(filter environment,$(origin $(name))),$(name))))
$(foreach name,$(OURS) $(THEIRS),$(eval unexport $(name)))

.DEFAULT_GOAL := help
.PHONY: help setup sim apart test lint format bench quality quantise ppa masks vias waves regress coverage formal mutate \
  nightly chat users soak teach shape grade production upsets clean

help: ## this list
	@echo 'usage: make TARGET [PARAMETER=value ...]'
	@echo
	@sed -n 's/^\([a-z]*\):[^#]*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 12
	@echo
	@echo 'parameters:'
	@$(RUN) scripts.cli.parameters 2>/dev/null || echo '  `make setup`, and they are listed here'

setup: ## install tools and packages into .venv (once)
	@scripts/setup.sh

sim: setup ## a model answers from RTL, every stage checked; TEST=name runs one bench
	@$(RUN) scripts.sim

apart: setup ## the layers of a model side by side, each against the golden model's frames; LAYERS= CLUSTER=
	@$(RUN) scripts.apart

test: setup ## the test suite, side by side; TEST=name a part of it
	@$(RUN) scripts.test

lint: setup ## ruff, Verilator, Verible and slang, the form of every source, licence lines
	@$(RUN) scripts.lint

format: setup ## every source in the form that `make lint` asks for
	@$(RUN) scripts.format

bench: setup ## speed of simulation and golden model, beside llama.cpp
	@$(RUN) pip install --quiet --no-cache-dir --disable-pip-version-check -r requirements-bench.txt
	@$(RUN) scripts.bench

quality: setup ## perplexity of the golden model beside the float reference
	@$(RUN) scripts.quality

quantise: setup ## a checkpoint in fewer bits, by GPTQ; KIND=3-6 or one of llama.cpp's, ROTATE=1
	@$(RUN) scripts.quantise

ppa: setup ## transistors and slowest paths from synthesis, clocks from the cycle model, Llama 3.1 8B on a die
	@$(RUN) scripts.ppa

masks: setup ## two models of one geometry: same RTL, same netlist, two masks; MODEL= OTHER=
	@$(RUN) scripts.masks

vias: setup ## a block of a model's die drawn, as a picture and as GDSII
	@$(RUN) scripts.vias

waves: setup ## a run with its signals on file, cursor at the first mismatch; TEST=name, or LAYER= TOKEN= STAGE=
	@$(RUN) scripts.waves

regress: setup ## every bench, several seeds, both simulators, in parallel
	@$(RUN) scripts.regress

coverage: setup ## what the benches reach of the testplan's points and of the code of hdl/
	@$(RUN) scripts.coverage

formal: setup ## proofs of cell, block, streams, sequencer, KV addresses and serial arithmetic; TASK=name
	@$(RUN) scripts.formal

mutate: setup ## one-line mutants of hdl/, and which bench finds each; COUNT= SEED= MUTANT= SIDE=golden
	@$(RUN) scripts.mutate

grade: setup ## defects of a model's masks, and what sees each: stages, logits, tokens; COUNT= SEED= CONFIRM=
	@$(RUN) scripts.grade

production: setup ## the production test of a model's die through its host port, and what it sees; COUNT= SEED=
	@$(RUN) scripts.production

upsets: setup ## flip-flops of a tiny die turn over while users answer: what each does; COUNT= SEED= UPSET= WATCHDOG=0
	@$(RUN) scripts.upsets

chat: setup ## a conversation with the RTL through its host port; LORA=folder,... for /lora
	@$(RUN) scripts.chat

users: setup ## several users at once on one die, and a picture of who is in which layer
	@$(RUN) scripts.users

soak: setup ## random users of every kind on one die until ANSWERS tokens are out, every stage checked
	@$(RUN) scripts.soak

teach: setup ## an adapter with which a model begins every answer with a phrase, as a PEFT folder
	@$(RUN) scripts.teach

nightly: setup ## regression, coverage, proofs and speed in one report; PARTS='regress formal'
	@$(RUN) pip install --quiet --no-cache-dir --disable-pip-version-check -r requirements-bench.txt
	@$(RUN) scripts.nightly

shape: setup ## the constants of a model's die, for other flows (docs/flows.md); MODEL= DEPTH= OUT=
	@$(RUN) scripts.shape

clean: ## remove what was built; .venv and fetched checkpoints stay
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name checkpoints -exec rm -rf {} +
