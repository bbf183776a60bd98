package ingest

import (
	"bytes"
	"strings"
	"unicode/utf8"
)

// placeholder stands for an identifier in the name of an operation.
const placeholder = "{id}"

// maxRaw bounds the bytes of a name that are looked at: identifiers make names long,
// and nothing may cost more than its share.
const maxRaw = 4 * maxName

// appendTemplate appends name to dst with a placeholder for each identifier in it, so
// that the requests of one kind have one name. It goes by the name alone, whatever
// names came before, and what is a template already stays as it is. At most maxName
// bytes are appended, and at least one.
//
// What is an identifier depends on where it stands:
//
//   - In a path, which is every word with a slash: a number; a date or time; a UUID; an
//     address of IP or e-mail; 8 and more hexadecimal digits; a token of letters and
//     digits in turns (isMixed). Parts of a segment are looked at each on their own, so
//     that words stay: /orders/inv-8231.pdf is /orders/inv-{id}.pdf. Versions stay: /v1,
//     /2.0. Queries and fragments go.
//   - In a statement of SQL: the same, and every literal; what is left of a list of them is
//     one.
//   - In other text, as are the names of functions and queues: the same, but of numbers
//     those of 4 digits and more, and of tokens those that are no words by any means.
//
// Identifiers that are made of letters alone are not told from words.
func appendTemplate(dst []byte, name string) []byte {
	if len(name) > maxRaw {
		name = name[:runeStart(name, maxRaw)]
	}
	if !utf8.ValidString(name) {
		name = strings.ToValidUTF8(name, "\uFFFD")
	}
	t := templater{dst: dst, base: len(dst)}
	for t.write(name); t.again && string(t.dst[t.base:]) != name; t.write(name) {
		name = string(t.dst[t.base:]) // has fewer digits than before
		t = templater{dst: t.dst[:t.base], base: t.base}
	}
	if len(t.dst) == t.base {
		return append(t.dst, placeholder...)
	}
	return t.dst
}

// runeStart returns the last index of s, at most at, where a rune begins.
func runeStart(s string, at int) int {
	for at > 0 && !utf8.RuneStart(s[at]) {
		at--
	}
	return at
}

// Template returns name with {id} in place of the identifiers in it, as names of
// operations that no route says are made.
func Template(name string) string {
	if !mayIdentify(name) {
		return name
	}
	return string(appendTemplate(nil, name))
}

// mayIdentify reports whether a name may have something to replace, which most have not.
func mayIdentify(name string) bool {
	if len(name) > maxName {
		return true
	}
	for i := range len(name) {
		if c := name[i]; c-'0' <= 9 || c == '@' || c == '?' || c == '#' || c == '\'' {
			return true
		}
	}
	return false
}

// templater writes a template.
type templater struct {
	dst     []byte
	base    int    // where the template begins in dst
	full    bool   // something did not fit
	between string // what may lie between identifiers that become one
	path    bool
	again   bool // what is left may be seen otherwise with what is beside it
}

// write writes the template of a name.
func (t *templater) write(name string) {
	if isSQL(name) {
		t.sql(name)
		return
	}
	t.words(name)
}

// keep appends a unit that is no identifier. What does not fit is left out whole, and all
// after it: half of a word might pass for something else.
func (t *templater) keep(unit string) {
	free := t.base + maxName - len(t.dst)
	switch {
	case t.full:
	case len(unit) <= free:
		t.dst = append(t.dst, unit...)
	default:
		if t.full = true; len(t.dst) == t.base { // a word without a digit: others that long are identifiers
			t.dst = append(t.dst, unit[:runeStart(unit, free)]...)
		}
	}
}

// replace appends a placeholder, but one for several in a row.
func (t *templater) replace() {
	const far = 4
	if t.full {
		return
	}
	end := len(t.dst)
	for end > t.base && len(t.dst)-end < far && strings.IndexByte(t.between, t.dst[end-1]) >= 0 {
		end--
	}
	if begin := end - len(placeholder); begin >= t.base && string(t.dst[begin:end]) == placeholder {
		t.dst = t.dst[:end]
		return
	}
	t.keep(placeholder)
}

// words writes a text of words.
func (t *templater) words(name string) {
	t.between = "-_.,:+~"
	for name != "" {
		n := 0
		for n < len(name) && !isSpace(name[n]) {
			n++
		}
		if n > 0 {
			t.word(name[:n])
		}
		from := n
		for n < len(name) && isSpace(name[n]) {
			n++
		}
		t.keep(name[from:n])
		name = name[n:]
	}
}

// word writes a word without its query, one segment after the other where it is a path.
func (t *templater) word(w string) {
	if n := queryAt(w); n < len(w) {
		t.again = t.again || strings.Contains(w[n:], "://") // without which it may be a statement
		w = w[:n]
	}
	t.path = strings.IndexByte(w, '/') >= 0
	for from := 0; ; {
		n := strings.IndexByte(w[from:], '/')
		s := w[from:]
		if n >= 0 {
			s = s[:n]
		}
		path := t.path
		host := hostLength(s, w[:from])
		if host < len(s) || strings.HasSuffix(w[:from], "//") {
			t.path = false // us-east-1 is no identifier
		}
		if host > 0 {
			t.segment(s[:host])
		}
		if host < len(s) {
			t.again = true // what is left of the host may be none
			t.keep(s[host:])
		}
		t.path = path
		if n < 0 {
			return
		}
		t.keep("/")
		from += n + 1
	}
}

// hostLength returns the length of s without the port that follows a host: after "//", or at
// the beginning of a word where the host is a name with dots. A port is no identifier.
func hostLength(s, before string) int {
	n := strings.LastIndexByte(s, ':')
	if n <= 0 || len(s)-n < 3 || len(s)-n > 6 {
		return len(s)
	}
	for i := n + 1; i < len(s); i++ {
		if !isDigit(s[i]) {
			return len(s)
		}
	}
	if strings.HasSuffix(before, "//") {
		return n
	}
	named := false
	for i := range n {
		named = named || isLetter(s[i])
	}
	if before != "" || !named || strings.IndexByte(s[:n], '.') < 0 {
		return len(s)
	}
	return n
}

// queryAt returns where the query or fragment of a word begins, and its length where it
// has none: what follows a path, or sets something.
func queryAt(w string) int {
	path := false
	for i := range len(w) {
		switch w[i] {
		case '/':
			path = true
		case '?', '#':
			if i > 0 && (path || strings.IndexByte(w[i:], '=') >= 0) {
				return i
			}
		}
	}
	return len(w)
}

// segment writes a segment of a path, or a word that is none.
func (t *templater) segment(s string) {
	digit, at := false, false
	for i := range len(s) {
		digit, at = digit || isDigit(s[i]), at || s[i] == '@'
	}
	switch {
	case at && isEmail(s):
		t.replace()
	case !digit, isVersion(s):
		t.keep(s)
	case t.path && isNanoID(s):
		t.replace()
	default:
		t.parts(s)
	}
}

// parts writes tokens and what is between them.
func (t *templater) parts(s string) {
	for s != "" {
		n := tokenLength(s)
		if n == 0 {
			t.keep(s[:1])
			s = s[1:]
			continue
		}
		if m := compoundLength(s, n); m > 0 {
			t.replace()
			s = s[m:]
			continue
		}
		t.token(s[:n])
		s = s[n:]
	}
}

// token writes a token.
func (t *templater) token(s string) {
	if s == "" {
		return
	}
	shape := shapeOf(s)
	switch {
	case isPodSuffix(s) && bytes.HasSuffix(t.dst[t.base:], []byte(placeholder+"-")):
		t.replace()
	case shape.digits == 0, shape.digits < len(s) && isVersion(s):
		t.keep(s)
	case shape.isIdentifier(t.path):
		t.replace()
	default:
		from, to := longestNumber(s)
		if to-from < t.embedded() {
			t.keep(s)
			return
		}
		t.again = t.again || to-from < shape.digits
		t.token(s[:from])
		t.replace()
		t.token(s[to:])
	}
}

// embedded returns the digits of a number that is an identifier within a token.
func (t *templater) embedded() int {
	if t.path {
		return 4
	}
	return 5
}

// sql writes a statement.
func (t *templater) sql(s string) {
	t.between, t.path = ", ()", false
	for s != "" {
		switch n := tokenLength(s); {
		case s[0] == '\'':
			t.replace()
			s = s[quotedLength(s):]
		case s[0] == '$': // a parameter
			n = 1 + tokenLength(s[1:])
			t.keep(s[:n])
			s = s[n:]
		case n == 0:
			t.keep(s[:1])
			s = s[1:]
		case s[0]-'0' <= 9:
			t.replace()
			s = s[numberLength(s):]
		default:
			t.token(s[:n])
			s = s[n:]
		}
	}
}
