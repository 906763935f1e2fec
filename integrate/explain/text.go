package explain

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const columns = 80 // of a text for a terminal

// Short is the name of the topic without names of the Spec: files of files/HOST. Lookup gives the topic of it.
func (t Topic) Short() string {
	at := placeholder.FindStringIndex(t.Name)
	if at == nil {
		return t.Name
	}
	return strings.TrimRight(t.Name[:at[0]], "/-.")
}

// Title is the name of the topic with what it is: "check files/HOST", or "finding pool-in-use (problem)".
func (t Topic) Title() string {
	title := string(t.Sort) + " " + t.Name
	if t.Sort == OfChange {
		title = "change of the kind " + t.Name
	}
	if t.Level != "" {
		title += " (" + t.Level + ")"
	}
	return title
}

// Anchor is where the topic is in its reference page, behind the #.
func (t Topic) Anchor() string {
	return strings.ToLower(strings.NewReplacer("/", "", ".", "").Replace(t.Name))
}

// String is the topic as a text of lines of at most 80 columns, for a terminal; commands may be longer.
func (t Topic) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", t.Title())
	writeWrapped(&b, t.Means)
	b.WriteString("\nWhy it matters\n")
	writeWrapped(&b, t.Why)
	b.WriteString("\nSee it by hand\n")
	for _, c := range t.See {
		if c.Note != "" {
			fmt.Fprintf(&b, "  # %s\n", c.Note)
		}
		fmt.Fprintf(&b, "  %s\n", c.Line)
	}
	b.WriteString("\nWhat to do next\n")
	writeWrapped(&b, t.Next)
	writeList(&b, "Fields of the Spec", t.Fields)
	writeList(&b, "Related", t.Related)
	return b.String()
}

func writeList(b *strings.Builder, title string, names []string) {
	if len(names) > 0 {
		fmt.Fprintf(b, "\n%s\n", title)
		writeWrapped(b, strings.Join(names, ", "))
	}
}

// writeWrapped writes a text in lines that are indented.
func writeWrapped(b *strings.Builder, text string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+utf8.RuneCountInString(word) >= columns-2 {
			fmt.Fprintf(b, "  %s\n", line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	fmt.Fprintf(b, "  %s\n", line)
}
