package slo

import "github.com/sage-rca/sage/internal/identity"

// match reports whether name matches the glob pattern: * matches any run of
// characters, ? any one; everything else matches itself. It compares runes of
// valid UTF-8, takes time linear in the product of the lengths at most, and
// allocates nothing.
func match(pattern, name string) bool {
	p, n := 0, 0
	star, mark := -1, 0 // the last *, and where in name it began to match
	for n < len(name) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, n
			p++
		case p < len(pattern) && pattern[p] == '?':
			p++
			n = next(name, n)
		case p < len(pattern) && pattern[p] == name[n]:
			p++
			n++
		case star >= 0: // let the * take one more
			mark = next(name, mark)
			p, n = star+1, mark
		default:
			return false
		}
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// next returns where the character after the one at i begins.
func next(s string, i int) int {
	for i++; i < len(s) && s[i]&0xC0 == 0x80; i++ { // continuation bytes of UTF-8
	}
	return i
}

// Matches reports whether the objective applies to an RPC.
func (o Objective) Matches(r identity.RPC) bool {
	return o.Service.Name == r.Service.Name &&
		(o.Service.Namespace == "" || o.Service.Namespace == r.Service.Namespace) &&
		(match(o.Operation, r.Operation) || o.Template != "" && o.Template == r.Operation)
}
