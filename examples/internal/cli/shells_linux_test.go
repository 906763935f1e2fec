package cli

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// shell runs a script of a shell, in a folder with the Spec of a cloud, and with the program on PATH.
func shell(t *testing.T, script string, argv ...string) string {
	t.Helper()
	if _, err := exec.LookPath(argv[0]); err != nil || os.Getenv("CEPHSTACK_LIVE") == "0" {
		if os.Getenv("CEPHSTACK_LIVE") == "1" {
			require.NoError(t, err)
		}
		t.Skip("this needs " + argv[0])
	}
	dir := filepath.Dir(newCloud(t, 2).file)
	require.NoError(t, os.Mkdir(dir+"/bin", 0o700))
	require.NoError(t, os.WriteFile(dir+"/bin/cephstack",
		[]byte("#!/bin/sh\n"+childEnv+"="+dir+"/ending exec "+os.Args[0]+" \"$@\"\n"), 0o700))
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, argv[0], append(argv[1:], "-c", script)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+dir+"/bin:"+os.Getenv("PATH"), "HOME="+dir, "TERM=dumb", fileVariable+"=")
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	require.NoError(t, err, "%s\n%s", out, errs.String())
	assert.Empty(t, errs.String())
	return string(out)
}

// TestBashCompletes with the library that it loads for every user.
func TestBashCompletes(t *testing.T) {
	const library = "/usr/share/bash-completion/bash_completion"
	if _, err := os.Stat(library); err != nil && os.Getenv("CEPHSTACK_LIVE") != "1" {
		t.Skip("this needs bash-completion")
	}
	out := shell(t, `source `+library+`
source <(cephstack completion bash)
compopt() { true; } # it works only while somebody presses a key
try() {
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_TYPE=9
	COMP_POINT=${#COMP_LINE} COMPREPLY=()
	__start_cephstack
	printf '%s,' "${COMPREPLY[@]}"
	echo
}
try cephstack pl
try cephstack plan --lim
try cephstack plan --limit comp
try cephstack plan --limit controller,compute0,comp
try cephstack plan --limit 'controller\,compute0\,comp'
try cephstack verify --static --check files/con
try cephstack plan -f none.yaml --limit comp
`, "bash", "--norc")
	assert.Equal(t, `plan,
--limit,
compute0,compute1,
controller\,compute0\,compute1,
controller\,compute0\,compute1,
files/controller,
,
`, strings.ReplaceAll(out, " ", ""))
}

// TestFishCompletes.
func TestFishCompletes(t *testing.T) {
	out := shell(t, `cephstack completion fish | source
complete -C "cephstack pl"
complete -C "cephstack plan --lim"
complete -C "cephstack plan --limit comp"
complete -C "cephstack verify --static --check files/con"
complete -C "cephstack plan -f none.yaml --limit comp"
`, "fish", "--no-config")
	var words []string
	for line := range strings.Lines(out) {
		word, _, _ := strings.Cut(strings.TrimSpace(line), "\t")
		words = append(words, word)
	}
	assert.Equal(t, []string{"plan", "--limit", "compute0", "compute1", "files/controller"}, words)
}

// TestZshCompletes what somebody types at a terminal.
func TestZshCompletes(t *testing.T) {
	out := shell(t, `zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z 'PS1=; stty -echo; autoload -U compinit; compinit -u -D; source <(cephstack completion zsh); print READY'
zpty -r z line '*READY*'
try() {
	zpty -w -n z "$1"$'\t\C-aprint -r -- GOT \C-m'
	zpty -r z line '*'$'\n''GOT *'$'\n'
	print -r -- "${line##*GOT }"
}
try "cephstack pl"
try "cephstack plan --limi"
try "cephstack plan --limit contr"
try "cephstack plan --limit compute1,contr"
try "cephstack verify --static --check files/con"
`, "zsh", "-f")
	var lines []string
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	assert.Equal(t, []string{"cephstack plan", "cephstack plan --limit", "cephstack plan --limit controller",
		"cephstack plan --limit compute1,controller", "cephstack verify --static --check files/controller"}, lines)
}
