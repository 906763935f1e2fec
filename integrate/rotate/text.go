package rotate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cephstack/cephstack/integrate/internal/fold"
	"github.com/cephstack/cephstack/integrate/internal/words"
)

const (
	fewGroups = 5 // kinds of one thing that a short text has
	fewNames  = 3 // guests and hosts that a short text names of a kind
	fewTexts  = 2 // texts that a short text has of one code
)

// String is the report for a person, on one screen: a few guests stand for many.
func (r *Report) String() string { return r.text(limits{fewGroups, fewNames, fewTexts}) }

// Full is the report with each guest.
func (r *Report) Full() string { return r.text(everything()) }

func (r *Report) text(n limits) string {
	var b strings.Builder
	if len(r.Problems) > 0 {
		fmt.Fprintf(&b, "Not begun: %s.\n", counted(len(r.Problems), "problem"))
		n.bars(&b, r.Problems, "  ")
		b.WriteString("\n")
	}
	switch {
	case r.Changes > 0 && r.Back:
		fmt.Fprintf(&b, "First, the Spec is applied with the users that were to go: %s.\n\n", counted(r.Changes, "change"))
	case r.Changes > 0:
		fmt.Fprintf(&b, "First, the Spec is applied: %s (see cephstack plan).\n\n", counted(r.Changes, "change"))
	}
	for i, s := range r.Rotations {
		if i > 0 {
			b.WriteString("\n")
		}
		s.write(&b, n)
	}
	return b.String()
}

func (s Status) write(b *strings.Builder, n limits) {
	what := s.From + " goes, " + s.To + " takes its place"
	if s.From == s.To {
		what = s.From + " gets another key"
	}
	fmt.Fprintf(b, "%s (cluster %s, key of type %s)\n", what, s.Cluster, orUnknown(s.KeyType))
	fmt.Fprintf(b, "  stage:  %s\n", s.stageText())
	fmt.Fprintf(b, "  guests: %d of %d do not need the old key\n", s.Done, s.Guests)
	if len(s.Fields) > 0 {
		fmt.Fprintf(b, "  back:   %s of the Spec get %s; if any of them had another user before, do not go on: set the "+
			"users by hand, and swap from and to\n", strings.Join(s.Fields, ", "), s.To)
	}
	n.groups(b, "next", s.Next)
	n.groups(b, "wait", s.Waits)
	n.groups(b, "keep", s.keepers())
	if text := keyText(s); text != "" {
		fmt.Fprintf(b, "  key:    %s\n", text)
	}
	logins, reasons := s.logins()
	if logins != "" {
		fmt.Fprintf(b, "  logins: %s\n", logins)
	}
	if len(reasons) > 0 {
		title := s.From + " cannot be removed yet"
		if s.From == s.To {
			title = "not proven yet"
		}
		fmt.Fprintf(b, "  %s: %s\n", title, counted(len(reasons), "reason"))
		n.bars(b, reasons, "    ")
	}
	if len(s.Left) > 0 {
		fmt.Fprintf(b, "  left of %s: %s\n", s.From, counted(len(s.Left), "file or secret"))
		n.bars(b, s.Left, "    ")
	}
}

// keepers are the guests that keep the old user with its new key.
func (s Status) keepers() []Group {
	g := Group{Code: keepsCode, Text: "have " + s.From + " with its new key; a hard reboot takes each to " + s.To}
	for _, b := range s.Bars {
		if b.Code == keepsCode {
			g.Guests = append(g.Guests, b.Who)
		}
	}
	if len(g.Guests) == 0 {
		return nil
	}
	return []Group{g}
}

// logins says who is logged in, and gives the reasons that are neither guests nor their logins. Where guests have as
// many disks open as there are logins, the logins are no reasons of their own.
func (s Status) logins() (text string, reasons []Bar) {
	var sessions []Bar
	for _, b := range s.Bars {
		switch b.Code {
		case keepsCode:
		case sessionCode:
			sessions = append(sessions, b)
		default:
			reasons = append(reasons, b)
		}
	}
	if len(sessions) == 0 {
		return "", reasons
	}
	clients := counted(len(sessions), "client")
	switch more := len(sessions) - s.Opens; {
	case more <= 0:
		return fmt.Sprintf("%s as %s; guests have %s open as it", clients, s.From, counted(s.Opens, "disk")), reasons
	case s.Stage == "apply":
		return fmt.Sprintf("%s as %s; guests have %s open as it, and services are restarted by the apply", clients, s.From,
			counted(s.Opens, "disk")), reasons
	default:
		text = fmt.Sprintf("%s as %s; guests have %s open as it, so %d or more are something else", clients, s.From,
			counted(s.Opens, "disk"), more)
	}
	return text, append(reasons, sessions...)
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
		"done":   s.doneText(),
	}[s.Stage]
}

func (s Status) doneText() string {
	if s.Keeps > 0 && s.From != s.To {
		return "done: " + s.From + " stays for guests that keep it with its new key"
	}
	if s.From != s.To {
		return "done: cluster " + s.Cluster + " does not have " + s.From
	}
	return "done"
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
		"complete": "it has the type " + orUnknown(s.KeyType) + ", and counts as changed",
	}[s.Key]
}

// limits are how much of many things is told: kinds, names of a kind, and texts of a code.
type limits struct{ most, names, texts int }

// everything are the limits of a full text, in which each guest has a line.
func everything() limits { return limits{1 << 30, 1 << 30, 1 << 30} }

// groups writes guests by what is done to them, or by what they wait for. Groups of one code are joined where there are
// more of them than a short text has.
func (n limits) groups(b *strings.Builder, label string, all []Group) {
	all = n.joined(all)
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
		if n == everything() {
			for _, name := range g.Guests {
				fmt.Fprintf(b, "          %s\n", words.Message(name))
			}
			continue
		}
		fmt.Fprintf(b, "          %s\n", n.some(g.Guests))
	}
}

// joined are groups of which those of one code are together, where there are too many.
func (n limits) joined(all []Group) []Group {
	if len(all) <= n.most {
		return all
	}
	var out []Group
	at, others := map[string]int{}, map[string]int{}
	for _, g := range all {
		i, there := at[g.Code]
		if !there {
			at[g.Code] = len(out)
			out = append(out, g)
			continue
		}
		others[g.Code]++
		out[i].Guests = append(slices.Clone(out[i].Guests), g.Guests...)
	}
	for i, g := range out {
		if more := others[g.Code]; more > 0 {
			out[i].Text += fmt.Sprintf("; and the like, with %s (--full has each)", counted(more, "other text"))
		}
	}
	slices.SortStableFunc(out, func(x, y Group) int { return len(y.Guests) - len(x.Guests) })
	return out
}

// some are the first of many names.
func (n limits) some(all []string) string {
	text := words.Message(strings.Join(all[:min(n.names, len(all))], ", "))
	if more := len(all) - n.names; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// bars writes what is in the way: what is the same about several is written once, and a code has a few texts only.
func (n limits) bars(b *strings.Builder, all []Bar, indent string) {
	same := func(o Bar) string { return o.Code + "\x00" + fold.WithoutName(o.Text, o.Who, fold.Itself) }
	if n == everything() {
		same = func(Bar) string { return "" } // each by itself
	}
	texts, hidden, lines := map[string]int{}, map[string]int{}, 0
	for _, list := range fold.Lists(all, func(o Bar) string { return o.Who }, same) {
		code := list[0].Code
		if texts[code]++; texts[code] > n.texts && len(all) > n.most || lines >= 2*n.most {
			hidden[code] += len(list)
			continue
		}
		lines++
		who, text := words.Line(list[0].Who), list[0].Text
		if len(list) > 1 {
			var names []string
			for _, o := range list {
				names = append(names, o.Who)
			}
			who, text = n.some(names)+", each", fold.WithoutName(text, list[0].Who, fold.Itself)
		}
		fmt.Fprintf(b, "%s%s: %s\n", indent, who, words.Message(text))
	}
	for _, code := range sortedKeys(hidden) {
		fmt.Fprintf(b, "%sand %d more of kind %s\n", indent, hidden[code], code)
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
