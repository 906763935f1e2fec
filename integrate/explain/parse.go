package explain

import (
	"embed"
	"regexp"
	"strings"
)

//go:embed texts/*.md
var texts embed.FS

// codeFiles are the files of codes, in the order in which the documentation of integrate.Finding groups the codes.
func codeFiles() []string {
	return []string{"findings-cluster.md", "findings-way.md", "findings-packages.md", "findings-files.md",
		"findings-keep.md", "findings-secrets.md", "findings-options.md", "findings-backends.md", "findings-vms.md",
		"findings-units.md", "findings-apis.md", "findings-retire.md"}
}

// read gives the topics of a file. The tests read all files: a file that is not as it should be does not get far.
func read(file string) []Topic {
	data, err := texts.ReadFile("texts/" + file)
	if err != nil {
		return nil
	}
	sort := OfCode
	switch {
	case strings.HasPrefix(file, "checks-"):
		sort = OfCheck
	case strings.HasPrefix(file, "audit-"):
		sort = OfAudit
	case file == "rotation.md":
		sort = OfRotation
	case file == "changes.md":
		sort = OfChange
	}
	_, body, _ := strings.Cut(string(data), "\n## ")
	var all []Topic
	for text := range strings.SplitSeq(body, "\n## ") {
		t := parse(text)
		t.Sort = sort
		all = append(all, t)
	}
	return all
}

var levelForm = regexp.MustCompile(`^(\S+) \(([a-z ]+)\)$`)

// parse reads a topic. Its first line is the name, with the level behind the name of a code. Then come paragraphs. The
// first ones are what it means; others begin with the name of their part. The commands are indented, and what follows
// "    # " in a command is its note.
func parse(text string) Topic {
	title, rest, _ := strings.Cut(text, "\n")
	t := Topic{Name: title}
	if m := levelForm.FindStringSubmatch(title); m != nil {
		t.Name, t.Level = m[1], m[2]
	}
	for paragraph := range strings.SplitSeq(strings.Trim(rest, "\n"), "\n\n") {
		t.take(paragraph)
	}
	return t
}

// take puts a paragraph where it belongs.
func (t *Topic) take(paragraph string) {
	if strings.HasPrefix(paragraph, "    ") {
		for line := range strings.SplitSeq(paragraph, "\n") {
			command, note, _ := strings.Cut(strings.TrimPrefix(line, "    "), "    # ")
			t.See = append(t.See, Command{strings.TrimSpace(command), note})
		}
		return
	}
	if strings.HasPrefix(paragraph, "Fields: ") || strings.HasPrefix(paragraph, "Related: ") {
		for line := range strings.SplitSeq(paragraph, "\n") {
			part, names, _ := strings.Cut(line, ": ")
			switch part {
			case "Fields":
				t.Fields = strings.Split(names, ", ")
			case "Related":
				t.Related = strings.Split(names, ", ")
			}
		}
		return
	}
	flat := strings.ReplaceAll(paragraph, "\n", " ")
	part, words, _ := strings.Cut(flat, ": ")
	switch part {
	case "Why":
		t.Why = words
	case "Next":
		t.Next = words
	case "See:": // the commands follow
	default:
		t.Means = strings.TrimSpace(t.Means + " " + flat)
	}
}

var placeholder = regexp.MustCompile(`[A-Z]+`)

// matches reports whether an ID of a check is one of a topic: files/compute1 of files/HOST.
func matches(topic, id string) bool {
	if !strings.ContainsAny(topic, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		return topic == id
	}
	form := placeholder.ReplaceAllString(regexp.QuoteMeta(topic), ".+")
	is, err := regexp.MatchString("^"+form+"$", id)
	return err == nil && is
}

// begins reports whether words are the first words of a topic: all up to a / or a -.
func begins(topic, words string) bool {
	rest, ok := strings.CutPrefix(topic, words)
	if !ok || words == "" {
		return false
	}
	return rest == "" || strings.ContainsRune("/-.", rune(rest[0]))
}

// written is how many characters of the name of a topic are part of each ID.
func written(topic string) int { return len(placeholder.ReplaceAllString(topic, "")) }
