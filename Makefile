# Builds, installs and checks the extension with PGXS: make, make install, make installcheck.
#
# The release build. CMakeLists.txt builds the core a second time, for unit tests and editors, from the same lists.
# Everything that is made lands in build/, except what PGXS installs: playbook.so and sql/playbook--<version>.sql.

EXTENSION  = playbook
MODULE_big = playbook
PG_CONFIG ?= pg_config

SUPPORTED_MAJORS = 15 16 17 18
LIBRARIES        = libfyaml libical icu-uc icu-i18n

# META.json is the one place where the version is written down by hand; a test compares all the others with it.
EXTVERSION := $(shell sed -n 's/^[[:space:]]*"version"[[:space:]]*:[[:space:]]*"\([^"]*\)".*/\1/p' META.json | head -n 1)
PG_MAJOR   := $(shell $(PG_CONFIG) --version 2>/dev/null | sed -E 's/^PostgreSQL ([0-9]+).*/\1/')
PGXS       := $(shell $(PG_CONFIG) --pgxs 2>/dev/null)

ifeq ($(EXTVERSION),)
$(error META.json names no version)
endif
ifeq ($(PG_MAJOR),)
$(error "$(PG_CONFIG)" does not run: install the server headers (Debian: postgresql-server-dev-15) or set PG_CONFIG)
endif
ifeq ($(filter $(PG_MAJOR),$(SUPPORTED_MAJORS)),)
$(error playbook supports PostgreSQL 15 to 18, and "$(PG_CONFIG)" belongs to PostgreSQL $(PG_MAJOR): set PG_CONFIG)
endif
ifeq ($(wildcard $(PGXS)),)
$(error "$(PGXS)" is missing: install the server headers (Debian: postgresql-server-dev-$(PG_MAJOR)))
endif

# What is built from what --------------------------------------------------------------------------

SOURCES   := $(sort $(wildcard src/*.cpp src/*/*.cpp))
CORE      := $(shell cat src/core.txt)
SCHEMAS   := $(sort $(wildcard doc/*.schema.json))
LIBRARY   := $(sort $(wildcard library/*.yaml))
FRAGMENTS := $(sort $(wildcard sql/playbook/*.sql))
SCRIPT    := sql/$(EXTENSION)--$(EXTVERSION).sql

# doc/definition.schema.json becomes build/generated/definition_schema.cpp, symbol definition_schema_json.
GENERATED := build/generated/version.cpp $(SCHEMAS:doc/%.schema.json=build/generated/%_schema.cpp)
OBJS      := $(SOURCES:src/%.cpp=build/object/%.o) build/object/generated/library.o $(GENERATED:build/generated/%.cpp=build/object/generated/%.o)
CORE_OBJS := $(CORE:src/%.cpp=build/object/%.o) $(GENERATED:build/generated/%.cpp=build/object/generated/%.o)

DATA       = $(sort $(wildcard sql/$(EXTENSION)--*--*.sql))
DATA_built = $(SCRIPT)
# Among the documents of other extensions they have a directory of their own, laid out as here, so that links work.
DOCS       = README.md CHANGELOG.md CONTRIBUTING.md LICENSE
DOCUMENTS := $(sort $(wildcard doc/*.md doc/*.json))
EXTRA_CLEAN = build results regression.diffs regression.out $(filter-out $(DATA),$(wildcard sql/$(EXTENSION)--*.sql))

# Tests against a running server -------------------------------------------------------------------

# Each test finds the extension installed. Expected output is taken from ./expected: the output directory is searched
# before the input directory, for both kinds of test.
REGRESS        = $(sort $(patsubst test/sql/%.sql,%,$(wildcard test/sql/*.sql)))
REGRESS_OPTS   = --inputdir=test --outputdir=. --load-extension=$(EXTENSION)
ISOLATION      = $(sort $(patsubst test/specs/%.spec,%,$(wildcard test/specs/*.spec)))
ISOLATION_OPTS = --inputdir=test --outputdir=. --load-extension=$(EXTENSION)

# Compiling ----------------------------------------------------------------------------------------

# PGXS would also compile every file to bitcode with clang as C++14; a plain assignment would be overwritten.
override with_llvm = no

# Function names and lines for backtraces, without variables and types: these would make the library ten times as
# large, and a build take half as long again. For a debugger: make DEBUG_INFO=-g
DEBUG_INFO = -g1 -gz

SHLIB_LINK = $(filter -gz%,$(DEBUG_INFO)) -Wl,--version-script=src/exports.map $(shell pkg-config --libs $(LIBRARIES)) -lstdc++

include $(PGXS)

docmoduledir := extension/$(EXTENSION)
install: install-documents
uninstall: uninstall-documents
.PHONY: install-documents uninstall-documents
install-documents: installdirs
	$(MKDIR_P) '$(DESTDIR)$(docdir)/$(docmoduledir)/doc'
	$(INSTALL_DATA) $(DOCUMENTS) '$(DESTDIR)$(docdir)/$(docmoduledir)/doc/'
uninstall-documents:
	rm -f $(addprefix '$(DESTDIR)$(docdir)/$(docmoduledir)'/, $(DOCUMENTS))

# -Wclobbered is known to GCC only.
WARNINGS := -Wall -Wextra -Wshadow -Wnon-virtual-dtor \
	$(if $(findstring clang,$(shell $(CXX) --version)),,-Wclobbered)
PLAYBOOK_CXXFLAGS := -std=c++20 $(filter-out -Wall -g,$(CXXFLAGS)) $(DEBUG_INFO) \
	-fPIC -fvisibility=hidden -fvisibility-inlines-hidden \
	$(WARNINGS) -Isrc $(shell pkg-config --cflags $(LIBRARIES) nlohmann_json)
# -isystem, since the server's headers do not survive these warnings in C++. The core never gets them: a #include of
# postgres.h there does not compile.
SERVER_CXXFLAGS := -isystem $(includedir_server) -isystem $(includedir_internal) $(filter -D%,$(CPPFLAGS))
$(CORE_OBJS): SERVER_CXXFLAGS :=

# make FAULT_POINTS=1: a build for tests that fails or waits where it is told to (src/fault_points.hpp). Only the files
# that have such points are compiled again for it.
WITH_FAULT_POINTS := $(shell grep -l 'fault_points.hpp' $(SOURCES))
$(WITH_FAULT_POINTS:src/%.cpp=build/object/%.o): PLAYBOOK_CXXFLAGS += $(if $(FAULT_POINTS),-DPLAYBOOK_FAULT_POINTS)
$(WITH_FAULT_POINTS:src/%.cpp=build/object/%.o): build/fault_points

# Each of these files is rewritten only when its content changes, and then what depends on it is built again.
define remember
$(shell mkdir -p build && printf '%s\n' '$(2)' | cmp -s - build/$(1) || printf '%s\n' '$(2)' > build/$(1))
endef
ifeq ($(filter clean distclean maintainer-clean,$(MAKECMDGOALS)),)
ifneq ($(shell pkg-config --exists $(LIBRARIES) nlohmann_json && echo yes),yes)
$(error a library is missing ($(LIBRARIES) nlohmann_json): on Debian run scripts/install-dependencies; README.md lists the packages)
endif
$(call remember,flags,$(CXX) $(PLAYBOOK_CXXFLAGS) $(SERVER_CXXFLAGS) $(PG_MAJOR))
$(call remember,fault_points,$(FAULT_POINTS))
$(call remember,sources,$(SOURCES) $(GENERATED) $(CORE))
$(call remember,fragments,$(FRAGMENTS))
$(call remember,library,$(LIBRARY))
endif

# make VERBOSE=1 shows the compiler's command lines.
QUIET = $(if $(VERBOSE),,@)
# Warnings are errors where CI=true, and there only: a newer compiler's new warning must not stop a user.
STRICT = $(if $(filter true,$(CI)),-Werror)

build/object/generated/%.o: build/generated/%.cpp build/flags
	@mkdir -p $(@D)
	$(QUIET:@=@echo "compile $<";) $(CXX) $(PLAYBOOK_CXXFLAGS) $(STRICT) -MMD -MP -c -o $@ $<

build/object/%.o: src/%.cpp build/flags
	@mkdir -p $(@D)
	$(QUIET:@=@echo "compile $<";) $(CXX) $(PLAYBOOK_CXXFLAGS) $(STRICT) $(SERVER_CXXFLAGS) -MMD -MP -c -o $@ $<

-include $(OBJS:.o=.d)

$(shlib): build/sources src/exports.map

build/generated/version.cpp: META.json scripts/embed-version
	@mkdir -p $(@D)
	scripts/embed-version META.json > $@.new && mv $@.new $@

build/generated/%_schema.cpp: doc/%.schema.json scripts/embed-text
	@mkdir -p $(@D)
	scripts/embed-text $< $*_schema_json > $@.new && mv $@.new $@

# Adding a file to library/ is all that it takes.
build/generated/library.cpp: $(LIBRARY) build/library scripts/embed-library scripts/embed-text
	@mkdir -p $(@D)
	scripts/embed-library $(LIBRARY) > $@.new && mv $@.new $@

$(SCRIPT): $(FRAGMENTS) META.json build/fragments
	cat /dev/null $(FRAGMENTS) > $@.new && mv $@.new $@

build/flags build/fault_points build/sources build/fragments build/library: ;

# The core's unit tests, without a server.
.PHONY: unit
unit:
	test/run-unit

# What a release consists of: the committed files of the current version.
.PHONY: dist
dist:
	@mkdir -p build
	git archive --format=zip --prefix=$(EXTENSION)-$(EXTVERSION)/ -o build/$(EXTENSION)-$(EXTVERSION).zip HEAD
