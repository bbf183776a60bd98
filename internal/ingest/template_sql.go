package ingest

import "strings"

// isSQL reports whether a name is a statement of SQL: it begins with the verb of one, and
// not with a method of HTTP.
func isSQL(name string) bool {
	verb, rest, ok := strings.Cut(name, " ")
	if !ok || len(verb) < 4 || len(verb) > 7 || strings.HasPrefix(rest, "/") || strings.Contains(rest, "://") {
		return false
	}
	for _, v := range [...]string{"SELECT", "INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE", "WITH"} {
		if strings.EqualFold(verb, v) {
			return true
		}
	}
	return false
}

// quotedLength returns the length of the quoted text with which s begins: all of s where
// it does not end. A quote is doubled within.
func quotedLength(s string) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] != '\'':
		case i+1 < len(s) && s[i+1] == '\'':
			i++
		default:
			return i + 1
		}
	}
	return len(s)
}

// numberLength returns the length of the number with which s begins, and of what sticks
// to it.
func numberLength(s string) int {
	n := 0
	for n < len(s) && (isDigit(s[n]) || isLetter(s[n]) || s[n] == '.') {
		n++
	}
	return n
}
