# `make demo` runs the main job, `make test` the tests; each sets up what it needs first.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
# `ROS=kilted` runs in a second environment, beside the first.
ROS ?= jazzy
export DDFF_ROS := $(ROS)
# `OLDEST=1`, too: Jazzy with the NumPy, OpenCV and SciPy that its Ubuntu has.
export DDFF_OLDEST := $(OLDEST)
VENV := $(if $(OLDEST),.venv-oldest,$(if $(filter jazzy,$(ROS)),.venv,.venv-$(ROS)))
CAPABILITY ?= depth_from_focus
STACK ?=
METHOD ?=
OUT ?= out/demo
# `VIEW=1` shows the demo's recording in a browser afterwards.
VIEW ?=

.PHONY: setup setup-train setup-view setup-docs demo test check lint docs bench accuracy clean

setup:
	@$(PYTHON) tools/bootstrap.py

# torch and the like, which the demo and a robot go without.
setup-train:
	@$(PYTHON) tools/bootstrap.py --train --view

# The page of `ddff view`.
setup-view:
	@$(PYTHON) tools/bootstrap.py --view

setup-docs: setup-train
	@$(PYTHON) tools/bootstrap.py --docs

demo: $(if $(VIEW),setup-view,setup)
	@$(VENV)/bin/ddff demo --capability $(CAPABILITY) --output $(OUT) $(if $(STACK),--source "$(STACK)") $(if $(METHOD),--method "$(METHOD)")
	@$(if $(VIEW),$(VENV)/bin/ddff view "$(OUT)",true)

test: setup-train
	@$(VENV)/bin/ddff-env python tools/run_tests.py

# The documents and the types each keep one core busy.
check: setup-docs
	@$(MAKE) --no-print-directory -j 2 docs lint

lint: setup-train
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy

# Warnings are errors, and the examples of the page on Python run. What is read for these is not read
# again for the pages.
docs: setup-docs
	@mkdir -p out
	@$(VENV)/bin/ddff-env python -m sphinx -q -W --keep-going -d out/doctrees -b doctest docs out/doctest > out/doctest.txt \
	  || { cat out/doctest.txt; exit 1; }
	@$(VENV)/bin/ddff-env python -m sphinx -q -W --keep-going -d out/doctrees -b html docs out/docs && echo "open out/docs/index.html"

bench: setup
	@$(VENV)/bin/ddff bench

# Fetches what judges' scenes are made of (290 MB, once) and renders them (once, some minutes). What cannot be fetched stops
# it only where a scene that is not rendered yet needs it.
accuracy: setup
	@$(VENV)/bin/ddff assets fetch; $(VENV)/bin/ddff-env python benchmarks/judges.py

clean:
	rm -rf .venv .venv-* .work out build install log
