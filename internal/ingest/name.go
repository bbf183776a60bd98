package ingest

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxName bounds every name in bytes.
const maxName = 256

// maxInterned bounds the composed names that an interner holds.
const maxInterned = 8192

// clean returns s as valid UTF-8 of at most maxName bytes, cut where a rune
// begins. It allocates only where s has to change.
func clean(s string) string {
	if len(s) <= maxName && utf8.ValidString(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxName {
		return s
	}
	cut := maxName
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return strings.Clone(s[:cut]) // the rest of a giant must not stay in memory
}

// interner composes names of two parts without allocating a name twice. It is
// not safe for concurrent use.
type interner struct {
	names  map[namePair]string
	ports  map[uint16]string
	known  map[string]string // templates
	buffer []byte            // for the next one
}

type namePair struct {
	a, b string
	sep  byte
}

// port returns a port in decimal.
func (in *interner) port(n uint16) string {
	if s, ok := in.ports[n]; ok {
		return s
	}
	if in.ports == nil || len(in.ports) >= maxInterned {
		in.ports = make(map[uint16]string)
	}
	in.ports[n] = strconv.Itoa(int(n))
	return in.ports[n]
}

// join returns a, sep, b as one clean name.
func (in *interner) join(a string, sep byte, b string) string {
	key := namePair{a, b, sep}
	if s, ok := in.names[key]; ok {
		return s
	}
	if in.names == nil || len(in.names) >= maxInterned {
		in.names = make(map[namePair]string)
	}
	s := clean(a + string(rune(sep)) + b)
	in.names[namePair{strings.Clone(a), strings.Clone(b), sep}] = s
	return s
}
