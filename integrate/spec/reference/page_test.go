package reference_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cephstack/cephstack/integrate/spec/reference"
)

const pageHead = `# The fields of a Spec

A Spec is a text in YAML, most often ` + "`cloud.yaml`" + `. ` + "`cephstack init`" + ` writes a first one, and
` + "`cephstack explain FIELD`" + ` prints what is here. This page is made of the comments in package
[integrate/spec](../../../integrate/spec).

An editor completes and checks a Spec by its [JSON Schema](../../../integrate/spec/reference/cloud.schema.json),
where the first line of the Spec names the schema by its path or URL:

` + "```yaml" + `
# yaml-language-server: $schema=cloud.schema.json
` + "```" + `

In a path, ` + "`[]`" + ` stands for each entry of a list. Fields at the top whose names begin with ` + "`x-`" + `
are ignored: they are for anchors of YAML. A path of a file is relative to the folder of the Spec, and ` + "`~/`" + `
is the home folder.

`

// page is the reference as a page of Markdown.
func page() string {
	var b strings.Builder
	b.WriteString(pageHead)
	b.WriteString("| field | type | default |\n|---|---|---|\n")
	for _, f := range reference.Fields() {
		indent := strings.Repeat("&nbsp;&nbsp;", strings.Count(f.Path, "."))
		short, rest, _ := strings.Cut(strings.TrimSuffix(f.Default, "."), "; ")
		if short == "none" {
			short = "none: " + rest
		}
		row := func(text string) string {
			return fmt.Sprintf("| %s[%s](#%s) | %s | %s |\n", indent, f.Name(), anchor(f), f.Type, text)
		}
		if len(row(short)) > 121 {
			short = "see there"
		}
		b.WriteString(row(short))
	}
	for _, f := range reference.Fields() {
		fmt.Fprintf(&b, "\n## %s\n\n", f.Path)
		for part := range strings.SplitSeq(f.Text, "\n") {
			b.WriteString(wrapped(part))
		}
		fmt.Fprintf(&b, "\n%s\n%s\n```yaml\n%s```\n", wrapped("Default: "+f.Default), wrapped("Limits: "+f.Limits), f.Example)
	}
	return b.String()
}

// anchor is the name that a heading has in a link.
func anchor(f reference.Field) string { return strings.NewReplacer(".", "", "[]", "").Replace(f.Path) }

// wrapped breaks a line between words at 120 columns.
func wrapped(text string) string {
	text = strings.NewReplacer("<", "&lt;", "*", `\*`, "$$", "`$$`").Replace(text)
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case column+1+len(word) > 120:
			b.WriteString("\n")
			if column = 0; strings.HasPrefix(text, "- ") {
				b.WriteString("  ")
				column = 2
			}
		default:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String() + "\n"
}

func TestThePageIsWhatTheCommentsSay(t *testing.T) {
	generated(t, "../../../examples/guide/reference/spec.md", []byte(page()))
}
