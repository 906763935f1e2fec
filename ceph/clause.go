package ceph

import (
	"fmt"
	"slices"
	"strings"
)

// A clause is one grant of a caps list, taken apart.
type clause struct {
	raw     string // as written, trimmed
	unread  bool   // this package cannot parse raw, and keeps it as it is
	profile string // of "profile x"; empty for "allow …"
	perms   string // r, rw, rwx, *, in that order of letters
	class   string // class-read, class-write
	scope   []term // service, command, module, class: perms come after them
	match   []term // pool, namespace, object_prefix, tag, path, …
}

// A term is a keyword with its value, such as pool=volumes.
type term struct{ key, op, value string }

// Keywords that take one value, with the way they are written in normal form.
var termOps = map[string]string{
	"pool": "=", "namespace": "=", "object_prefix": " ", "auid": " ", "network": " ",
	"service": " ", "command": " ", "module": " ", "path": "=", "uid": "=", "gids": "=", "fsname": "=",
}

func daemonType(name string) bool {
	return name == "mon" || name == "osd" || name == "mgr" || name == "mds"
}

// checkClauses names the first clause that a daemon cannot parse.
func checkClauses(daemon, text string) error {
	for _, raw := range splitClauses(text) {
		_, err := parseClause(daemon, raw)
		switch {
		case capsReadable(daemon, raw) && (err == nil || daemon != "mds"):
			continue
		case err == nil:
			err = errorString("not as Ceph writes it")
		}
		return fmt.Errorf("%w: caps: %s: clause %q: %w", ErrInvalid, daemon, raw, err)
	}
	if !capsReadable(daemon, text) {
		return fmt.Errorf("%w: caps: %s: white space that Ceph does not read", ErrInvalid, daemon)
	}
	return nil
}

// splitClauses cuts at commas and semicolons outside quotes, but not inside
// the number list of gids=1,2. Only the quote of the last clause can be open.
func splitClauses(text string) []string {
	var out []string
	var quote byte
	start := 0
	for i := range len(text) {
		c := text[i]
		if quote == 0 && (c == ';' || c == ',' && !inNumberList(text[start:i], text[i+1:])) {
			out, start = append(out, strings.Trim(text[start:i], capSpaces)), i+1
		}
		quote = quoteAfter(quote, c)
	}
	return append(out, strings.Trim(text[start:], capSpaces))
}

func inNumberList(before, after string) bool {
	i := strings.LastIndex(before, "gids=")
	return i >= 0 && strings.Trim(before[i+len("gids="):], "0123456789,") == "" &&
		after != "" && after[0] >= '0' && after[0] <= '9'
}

func parseClause(daemon, raw string) (clause, error) {
	words, err := capWords(raw)
	if err == nil {
		err = needQuotes(words)
	}
	if err != nil {
		return clause{}, err
	}
	c := clause{raw: raw}
	w := &wordReader{words: words}
	verb := w.next()
	if verb == (word{text: "allow"}) && w.peek() == (word{text: "profile"}) {
		verb = w.next() // "allow profile x" is how mon caps were written first
	}
	switch verb {
	case word{text: "profile"}:
		w.skip("=")
		if c.profile = w.next().text; c.profile == "" || c.profile == "=" {
			return c, errorString("profile without a name")
		}
	case word{text: "allow"}:
	default:
		return c, errorString("neither allow nor profile")
	}
	for !w.done() {
		if err := c.take(w); err != nil {
			return c, err
		}
	}
	if c.profile == "" && c.perms == "" && c.class == "" && len(c.scope) == 0 && daemon != "mds" {
		return c, errorString("allows nothing")
	}
	c.sort()
	return c, nil
}

// take reads one permission or one keyword with its arguments.
func (c *clause) take(w *wordReader) error {
	switch t := w.next(); {
	case t.quoted:
		return errorString("a value without a keyword")
	case c.profile != "" && (t.text == "*" || strings.Trim(t.text, "rwxps") == ""):
		return errorString("a permission after a profile")
	case t.text == "*" || t.text == "all":
		c.perms = "*"
	case t.text == "class-read" || t.text == "class-write":
		if !strings.Contains(c.class, t.text) {
			c.class = strings.TrimSpace(c.class + " " + t.text)
		}
	case t.text == "class":
		return c.takeClass(w)
	case t.text == "tag":
		return c.takeTag(w)
	case t.text == "with":
		return c.takeWith(w)
	case t.text == "root_squash":
		c.match = append(c.match, term{key: t.text})
	case termOps[t.text] != "":
		return c.takeTerm(t.text, w)
	case strings.Trim(t.text, "rwxps") == "":
		c.perms += t.text
	case c.profile != "":
		return c.takePair(t.text, &c.match, w)
	default:
		return fmt.Errorf("unknown word %q", t.text)
	}
	return nil
}

func (c *clause) takeTerm(key string, w *wordReader) error {
	if key != "network" {
		w.skip("=")
	}
	if w.done() || w.peek() == (word{text: "="}) {
		return fmt.Errorf("%s without a value", key)
	}
	v := w.next().text
	if key == "namespace" && w.peek() == (word{text: "*"}) {
		v += w.next().text
	}
	if v == "" && key != "namespace" {
		return fmt.Errorf("%s without a value", key)
	}
	if bare := bareBytes(key); bare != wordBytes && strings.Trim(v, bare) != "" {
		return fmt.Errorf("%s cannot be %q", key, v)
	}
	t := term{key, termOps[key], v}
	if key == "service" || key == "command" || key == "module" {
		c.scope = append(c.scope, t)
	} else {
		c.match = append(c.match, t)
	}
	return nil
}

// takeClass reads class <name> [<method>].
func (c *clause) takeClass(w *wordReader) error {
	name := w.next().text
	if name == "" {
		return errorString("class without a name")
	}
	c.scope = append(c.scope, term{"class", " ", name})
	if t := w.peek(); !w.done() && termOps[t.text] == "" && t.text != "tag" {
		c.scope = append(c.scope, term{"method", " ", w.next().text})
	}
	return nil
}

// takeTag reads tag <application> <key>=<value>.
func (c *clause) takeTag(w *wordReader) error {
	app, key := w.next().text, w.next().text
	if !w.skip("=") || app == "" || key == "" || w.peek().text == "" {
		return errorString("tag is not: tag application key=value")
	}
	c.match = append(c.match, term{"tag", " ", quoteWord(app) + " " + quoteKey(key) + "=" + quoteKey(w.next().text)})
	return nil
}

// takeWith reads the arguments of a command: with k=v, with k prefix v, ….
func (c *clause) takeWith(w *wordReader) error {
	if len(c.scope) == 0 || w.done() {
		return errorString("with needs a command before and arguments after it")
	}
	for !w.done() {
		if !w.peek().quoted && !w.pairAhead() {
			return nil
		}
		if err := c.takePair(w.next().text, &c.scope, w); err != nil {
			return err
		}
	}
	return nil
}

func (c *clause) takePair(key string, to *[]term, w *wordReader) error {
	op := w.next().text
	if op != "=" && op != "prefix" && op != "regex" || w.done() {
		return fmt.Errorf("no value for %q", key)
	}
	if op != "=" {
		op = " " + op + " "
	}
	if to == &c.scope && !slices.ContainsFunc(*to, func(t term) bool { return t.key == "with" }) {
		*to = append(*to, term{key: "with"})
	}
	*to = append(*to, term{key, op, w.next().text})
	return nil
}

// sort puts letters, class permissions and terms into their one order.
func (c *clause) sort() {
	if !strings.Contains(c.perms, "*") {
		var b strings.Builder
		for _, r := range "rwxps" {
			if strings.ContainsRune(c.perms, r) {
				b.WriteRune(r)
			}
		}
		c.perms = b.String()
	} else {
		c.perms = "*"
	}
	if c.class == "class-write class-read" {
		c.class = "class-read class-write"
	}
}

// String renders the normal form, which Ceph reads as the same rights.
func (c clause) String() string {
	if c.unread {
		return collapse(c.raw)
	}
	parts := []string{"allow"}
	if c.profile != "" {
		parts = []string{"profile", quoteWord(c.profile)}
	}
	if len(c.scope) == 0 && c.perms != "" {
		parts = append(parts, c.perms)
	}
	if c.class != "" {
		parts = append(parts, c.class)
	}
	for _, t := range c.scope {
		parts = append(parts, t.String())
	}
	if len(c.scope) > 0 && c.perms != "" {
		parts = append(parts, c.perms)
	}
	for _, t := range c.match {
		parts = append(parts, t.String())
	}
	return strings.Join(parts, " ")
}

func (t term) String() string {
	switch {
	case t.op == "":
		return t.key
	case t.key == "method":
		if termOps[t.value] != "" || t.value == "tag" {
			return `"` + t.value + `"`
		}
		return quoteWord(t.value)
	case t.key == "tag":
		return "tag " + t.value
	case t.key == "namespace" && strings.HasSuffix(t.value, "*"):
		return "namespace=" + quoteWord(strings.TrimSuffix(t.value, "*")) + "*"
	case bareBytes(t.key) != wordBytes && t.op == termOps[t.key] && strings.Trim(t.value, bareBytes(t.key)) == "":
		return t.key + t.op + t.value
	}
	return quoteKey(t.key) + t.op + quoteWord(t.value)
}
