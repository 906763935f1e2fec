package rotate

import (
	"fmt"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/words"
)

const (
	fewGroups = 5 // groups that a short text has
	fewNames  = 3 // guests that a short text names of a group
)

// String is the report for a person, on one screen: a few guests stand for many.
func (r *Report) String() string { return r.text(fewGroups, fewNames) }

// Full is the report with each guest.
func (r *Report) Full() string { return r.text(1<<30, 1<<30) }

func (r *Report) text(most, names int) string {
	var b strings.Builder
	if len(r.Problems) > 0 {
		fmt.Fprintf(&b, "Not begun: %s.\n", counted(len(r.Problems), "problem"))
		bars(&b, r.Problems, "  ", most*2)
		b.WriteString("\n")
	}
	if r.Changes > 0 {
		fmt.Fprintf(&b, "First, the Spec is applied: %s (see cephstack plan).\n\n", counted(r.Changes, "change"))
	}
	for i, s := range r.Rotations {
		if i > 0 {
			b.WriteString("\n")
		}
		s.write(&b, most, names)
	}
	return b.String()
}

func (s Status) write(b *strings.Builder, most, names int) {
	what := s.From + " goes, " + s.To + " takes its place"
	if s.From == s.To {
		what = s.From + " gets another key"
	}
	fmt.Fprintf(b, "%s (cluster %s, key of type %s)\n", what, s.Cluster, orUnknown(s.KeyType))
	fmt.Fprintf(b, "  stage:  %s\n", s.stageText())
	fmt.Fprintf(b, "  guests: %d of %d do not need the old key", s.Done, s.Guests)
	if s.Keeps > 0 && s.From != s.To {
		fmt.Fprintf(b, "; %d of them keep %s with its new key", s.Keeps, s.From)
	}
	b.WriteString("\n")
	limits{most, names}.groups(b, "next", s.Next)
	limits{most, names}.groups(b, "wait", s.Waits)
	if text := keyText(s); text != "" {
		fmt.Fprintf(b, "  key:    %s\n", text)
	}
	if len(s.Bars) > 0 {
		fmt.Fprintf(b, "  %s cannot be removed: %s\n", s.From, counted(len(s.Bars), "reason"))
		bars(b, folded(s.Bars, most), "    ", most)
	}
	if len(s.Left) > 0 {
		fmt.Fprintf(b, "  left of %s: %s\n", s.From, counted(len(s.Left), "file or secret"))
		bars(b, s.Left, "    ", most)
	}
}

// stageText says what the stage means.
func (s Status) stageText() string {
	return map[string]string{
		"apply":  "apply: users, keyrings, secrets and settings come first",
		"guests": "guests: they leave " + s.From + " one after another",
		"key":    "key: " + s.From + " gets its new key",
		"proof":  "proof: something still has " + s.From + ", or could not be asked",
		"revoke": "revoke: nobody has " + s.From + "; allow its removal with --revoke " + s.From,
		"clean":  "clean: " + s.From + " is gone; its files and secrets are to be removed",
		"done":   "done",
	}[s.Stage]
}

// keyText says what the change of a key in place means for guests.
func keyText(s Status) string {
	return map[string]string{
		"held": "the key of " + s.From + " is changed after all other guests have left it",
		"prepare": "a new key is made and put under the old secret on all computes; until a guest logs in with it, the old " +
			"key is good, too, where the cluster has pending keys",
		"move": "from the first guest that moves, the old key is refused: a guest that has not moved yet, and loses its " +
			"connections to the monitors and to an OSD, hangs until it is rebooted (a hard reboot brings it back)",
		"commit":   "all guests have the new key; the old key is given up",
		"complete": "changed",
	}[s.Key]
}

// limits are how much of many things is told.
type limits struct{ most, names int }

func (n limits) groups(b *strings.Builder, label string, all []Group) {
	for i, g := range all {
		if i == n.most {
			rest := 0
			for _, other := range all[i:] {
				rest += len(other.Guests)
			}
			fmt.Fprintf(b, "  %-7s and %s of %d other kinds\n", "", counted(rest, "guest"), len(all)-i)
			return
		}
		text := g.Text
		if text == "" {
			text = g.Code
		}
		fmt.Fprintf(b, "  %-7s %s: %s\n", label+":", counted(len(g.Guests), "guest"), words.Line(text))
		shown := g.Guests[:min(n.names, len(g.Guests))]
		fmt.Fprintf(b, "          %s", words.Message(strings.Join(shown, ", ")))
		if more := len(g.Guests) - len(shown); more > 0 {
			fmt.Fprintf(b, " and %d more", more)
		}
		b.WriteString("\n")
	}
}

func bars(b *strings.Builder, all []Bar, indent string, most int) {
	for i, bar := range all {
		if i == most {
			fmt.Fprintf(b, "%sand %d more\n", indent, len(all)-i)
			return
		}
		fmt.Fprintf(b, "%s%s: %s\n", indent, words.Line(bar.Who), words.Message(bar.Text))
	}
}

func orUnknown(text string) string {
	if text == "" {
		return "that is not known"
	}
	return text
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if before, after, many := strings.Cut(noun, " or "); many {
		return fmt.Sprintf("%d %ss or %ss", n, before, after)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// folded joins the clients of a short text into one line.
func folded(all []Bar, most int) []Bar {
	var out []Bar
	var clients []string
	for _, bar := range all {
		if bar.Code != "session" {
			out = append(out, bar)
			continue
		}
		clients = append(clients, bar.Who)
	}
	if len(clients) <= 2 || most > fewGroups {
		return all
	}
	return append(out, Bar{"session", counted(len(clients), "client"), "are logged in as it: " + words.JoinShort(clients) +
		" (--full says on which monitor)"})
}
