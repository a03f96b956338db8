# Every target sets up what it needs by itself.
PYTHON := .venv/bin/python
PARAMETERS := PROMPT TOKENS MODEL SIM TEST SEED DEPTH WAVES

# Parameters reach the scripts through the environment, letter by letter: nothing in them is expanded, whatever quotes
# or dollar signs a prompt has.
$(foreach name,$(PARAMETERS),$(if $(filter-out undefined,$(origin $(name))),\
  $(eval override $(name) := $$(value $(name)))$(eval export $(name))))

.DEFAULT_GOAL := help
.PHONY: help setup sim test lint bench quality clean

help: ## this list
	@echo 'usage: make TARGET [PARAMETER=value ...]'
	@echo
	@sed -n 's/^\([a-z]*\):[^#]*## /  \1\t/p' $(MAKEFILE_LIST) | expand -t 12
	@echo
	@echo 'parameters of sim:'
	@sed -n 's/^#: \([A-Z]*\) */  \1\t/p' $(MAKEFILE_LIST) | expand -t 12

#: PROMPT what to ask, in quotes (default: What is the capital of France?)
#: TOKENS at most so many tokens of answer
#: MODEL  smollm2 (default), tiny, or the path of a Llama GGUF file
#: DEPTH  positions of the KV cache (default: 512)
#: SIM    verilator (default) or icarus
#: TEST   run this bench instead of the chip
#: SEED   seed of a bench's random stimulus
#: WAVES  1: a bench leaves a trace of its signals

setup: ## install tools and packages into .venv (once)
	@scripts/setup.sh

sim: setup ## a model answers from RTL, every stage checked; TEST=name runs one bench
	@$(PYTHON) -m scripts.sim

test: setup ## the test suite
	@$(PYTHON) -m pytest -n auto

lint: setup ## ruff, Verilator and Verible
	@$(PYTHON) -m scripts.lint

bench: setup ## speed of simulation and golden model, beside llama.cpp
	@$(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@$(PYTHON) -m scripts.bench

quality: setup ## perplexity of the golden model beside the float reference
	@$(PYTHON) -m models.quality $(if $(MODEL),"$$MODEL")

clean: ## remove what was built; .venv and fetched checkpoints stay
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name checkpoints -exec rm -rf {} +
