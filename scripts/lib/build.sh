# shellcheck shell=bash
# Building and installing the extension. Sourced, not run; needs say.sh and postgres.sh.

# build_extension <log directory>
build_extension() {
	quietly "$1/make.log" make -j"$(nproc)" PG_CONFIG="$PG_CONFIG" ||
		fail "the extension does not compile" "If a header is missing, run scripts/install-dependencies."
	# The linker lets a module refer to anything, since the server's symbols are not there yet.
	local unresolved
	unresolved=$(nm --dynamic --undefined-only --demangle playbook.so | grep 'playbook::' || true)
	if [ -n "$unresolved" ]; then fail "the library refers to functions that nobody wrote" "$unresolved"; fi
}

# True when the server's directories hold exactly what was built.
is_installed() {
	local script
	for script in sql/playbook--*.sql; do
		cmp -s "$script" "$PG_EXTENSIONS/${script##*/}" || return 1
	done
	local document
	for document in *.md LICENSE doc/*.md doc/*.json; do
		cmp -s "$document" "$PG_DOCUMENTS/$document" || return 1
	done
	cmp -s playbook.control "$PG_EXTENSIONS/playbook.control" && cmp -s playbook.so "$PG_LIBRARIES/playbook.so"
}

# install_extension <log directory>: into the server's own directories, which takes root.
install_extension() {
	local become=()
	if is_installed; then return 0; fi
	if [ ! -w "$PG_LIBRARIES" ] || [ ! -w "$PG_EXTENSIONS" ]; then
		if ! sudo -n true 2>/dev/null; then
			fail "installing the extension needs the right to write into \"$PG_LIBRARIES\" and \"$PG_EXTENSIONS\"" \
				"Run \"sudo make install PG_CONFIG=$PG_CONFIG\" and start this script again."
		fi
		become=(sudo -n)
	fi
	quietly "$1/install.log" "${become[@]}" make install PG_CONFIG="$PG_CONFIG" ||
		fail "make install failed" "The lines above say why."
}
