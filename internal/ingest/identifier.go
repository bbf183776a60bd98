package ingest

import (
	"strings"
	"unicode/utf8"
)

// class is what a byte is part of.
type class uint8

const (
	separator class = iota
	lower           // a word: bytes beyond ASCII too, and the sign of what a URL escapes
	upper
	digit
)

// classes are the classes of all bytes.
var classes = func() (c [256]class) {
	for b := range c {
		switch {
		case '0' <= b && b <= '9':
			c[b] = digit
		case 'A' <= b && b <= 'Z':
			c[b] = upper
		case 'a' <= b && b <= 'z', b >= utf8.RuneSelf, b == '%':
			c[b] = lower
		}
	}
	return c
}()

func isDigit(c byte) bool { return c-'0' <= 9 }

func isLetter(c byte) bool { return classes[c] == lower || classes[c] == upper }

func isHex(c byte) bool { return isDigit(c) || c|0x20-'a' < 6 }

func isSpace(c byte) bool { return c == ' ' || c-'\t' < 5 }

// tokenLength returns the length of the letters and digits with which s begins.
func tokenLength(s string) int {
	n := 0
	for n < len(s) && classes[s[n]] != separator {
		n++
	}
	return n
}

// shape is how a token is made of letters and digits.
type shape struct {
	length       int
	digits       int
	numbers      int // runs of digits
	pieces       int // numbers, and words as in camelCase
	lower, upper bool
	hex          bool // all are hexadecimal digits
	leads        bool // with a digit
}

// shapeOf returns the shape of a token.
func shapeOf(s string) shape {
	out := shape{length: len(s), hex: true, leads: s != "" && isDigit(s[0])}
	before := separator
	for i := range len(s) {
		c := classes[s[i]]
		switch c {
		case digit:
			out.digits++
			if before != digit {
				out.numbers++
			}
		case upper:
			out.upper = true
		default:
			out.lower = true
		}
		out.hex = out.hex && (c == digit || s[i]|0x20-'a' < 6)
		if c != before && (c != lower || before != upper) {
			out.pieces++
		}
		before = c
	}
	return out
}

// isIdentifier reports whether a token with a digit is nothing but an identifier.
func (s *shape) isIdentifier(inPath bool) bool {
	const long = 64 // is no word
	switch {
	case s.digits == s.length:
		return inPath || s.length >= 4
	case s.hex && s.length >= 8, s.length >= long:
		return true
	}
	return s.isMixed(inPath)
}

// isMixed reports whether letters and digits are in turns as by chance. In names that
// people make, numbers are few and the words between them long: a mean piece of
// convertMp3ToMp4 has 2.5 letters or digits, of Z5jdHi6B 1.3.
func (s *shape) isMixed(inPath bool) bool {
	oneCase := !s.upper || !s.lower
	switch {
	case inPath && s.length >= 16 && s.shorter(27), inPath && s.length >= 10 && !s.lower:
		return true
	case s.length < 8 || s.numbers < 2:
		return false
	case inPath:
		return oneCase || s.leads || s.shorter(25)
	}
	return s.shorter(20) || s.length >= 16 && s.shorter(24) || s.length >= 10 && !s.lower || s.length >= 20 && !s.upper
}

// shorter reports whether the mean piece is shorter than so many tenths of a character.
func (s *shape) shorter(tenths int) bool { return 10*s.length < tenths*s.pieces }

// isPodSuffix reports whether s is what Kubernetes puts after the names of pods, of an
// alphabet that makes no words: the x2x4z of web-5f65c9d7b8-x2x4z.
func isPodSuffix(s string) bool {
	return len(s) == 5 && strings.Trim(s, "bcdfghjklmnpqrstvwxz2456789") == ""
}

// longestNumber returns where the longest run of digits in s, the first of them, lies.
func longestNumber(s string) (from, to int) {
	for i := 0; i < len(s); i++ {
		begin := i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		if i-begin > to-from {
			from, to = begin, i
		}
	}
	return from, to
}

// isVersion reports whether s is that of an interface: v1, v2beta1, v1.2, 2.0.
func isVersion(s string) bool {
	const digits = 3 // of a part, one less where it does not begin with v
	limit := digits - 1
	numbers := 0
	v := len(s) > 1 && s[0]|0x20 == 'v' && isDigit(s[1])
	if v {
		s, limit = s[1:], digits
	}
	for {
		n := 0
		for n < len(s) && isDigit(s[n]) {
			n++
		}
		if n == 0 || n > limit {
			return false
		}
		numbers++
		if s = s[n:]; s == "" {
			return v || numbers == 2 || numbers == 3
		}
		if s[0] == '.' {
			s = s[1:]
			continue
		}
		if !v {
			return false
		}
		return isStage(s)
	}
}

// isStage reports whether s is a stage of a version, with a number or without.
func isStage(s string) bool {
	for _, stage := range [...]string{"alpha", "beta", "rc", "pre", "preview"} {
		if rest, ok := strings.CutPrefix(s, stage); ok && len(rest) <= 2 && (rest == "" || isDigit(rest[0]) && isDigit(rest[len(rest)-1])) {
			return true
		}
	}
	return false
}

// isEmail reports whether s is an address of e-mail.
func isEmail(s string) bool {
	at := strings.LastIndexByte(s, '@')
	dot := strings.LastIndexByte(s, '.')
	if at <= 0 || dot < at+2 || len(s)-dot < 3 {
		return false
	}
	for i := dot + 1; i < len(s); i++ {
		if !isLetter(s[i]) {
			return false
		}
	}
	return true
}

// isNanoID reports whether a segment with separators is one identifier, of an alphabet
// that has them too, as tokens in base64 and nano IDs: V1StGXR8_Z5jdHi6B-myT. What
// begins with a word is looked at part by part.
func isNanoID(s string) bool {
	if first := shapeOf(s[:tokenLength(s)]); len(s) < 16 || first.digits == 0 && !first.upper {
		return false
	}
	var all shape
	mixed := false
	for s != "" {
		n := tokenLength(s)
		if n == 0 {
			if strings.IndexByte("-_.~=+", s[0]) < 0 {
				return false
			}
			s = s[1:]
			continue
		}
		token := shapeOf(s[:n])
		all.length, all.numbers, all.pieces = all.length+n, all.numbers+token.numbers, all.pieces+token.pieces
		mixed = mixed || token.digits > 0 && token.length >= 6 && token.shorter(20)
		s = s[n:]
	}
	return mixed && all.numbers >= 2 && all.shorter(27)
}

// compoundLength returns the length of the UUID, time or address of IP with which s
// begins, of which the first token has n letters and digits, and 0 where there is none.
func compoundLength(s string, n int) int {
	switch {
	case !isHex(s[0]), n == len(s):
		return 0
	case n == 8:
		return uuid.length(s)
	case n <= 3 && s[n] == '.':
		return address.length(s)
	case n == 4:
		for _, form := range times {
			if m := form.length(s); m > 0 {
				return m
			}
		}
	}
	return 0
}

// compound is the form of an identifier of several tokens: x is a hexadecimal digit, 0 a
// decimal one, 9 as many as 1 to 9 of them, - a dash or an underscore, and anything
// else itself.
type compound string

const (
	uuid    compound = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx"
	address compound = "9.9.9.9"
)

var times = [...]compound{"0000-00-00T00:00:00.9", "0000-00-00T00:00:00", "0000-00-00T00:00", "0000-00-00"}

// length returns the length of s that has the form, if no letter or digit follows, or 0.
func (c compound) length(s string) int {
	i := 0
	for k := range len(c) {
		if i >= len(s) {
			return 0
		}
		switch c[k] {
		case 'x':
			if !isHex(s[i]) {
				return 0
			}
		case '0':
			if !isDigit(s[i]) {
				return 0
			}
		case '9':
			n := 0
			for n < 9 && i+n < len(s) && isDigit(s[i+n]) {
				n++
			}
			if n == 0 {
				return 0
			}
			i += n - 1
		case '-':
			if s[i] != '-' && s[i] != '_' {
				return 0
			}
		default:
			if s[i] != c[k] {
				return 0
			}
		}
		i++
	}
	if i < len(s) && s[i] == 'Z' { // UTC
		i++
	}
	if tokenLength(s[i:]) > 0 {
		return 0
	}
	return i
}
