package ingest

import (
	"strings"
	"unicode"
)

// wordsOf returns the words of a name in lower case: its runs of letters, cut before an
// upper-case letter that a lower-case one precedes, or follows ("CPUUtilPct" is cpu, util,
// pct). A percent sign is a word. To split what was split, joined by anything that is no
// letter, changes nothing.
func wordsOf(name string) []string {
	var out []string
	var word strings.Builder
	end := func() {
		if word.Len() > 0 {
			out = append(out, word.String())
			word.Reset()
		}
	}
	runes := []rune(name)
	for k, r := range runes {
		switch {
		case r == '%':
			end()
			out = append(out, "percent")
			continue
		case !unicode.IsLetter(r):
			end()
			continue
		case unicode.ToLower(r) != r && k > 0 && (unicode.IsLower(runes[k-1]) || k+1 < len(runes) && unicode.IsLower(runes[k+1])):
			end()
		}
		word.WriteRune(unicode.ToLower(r))
	}
	end()
	return out
}

// singular returns a word without the s of its plural.
func singular(word string) string {
	if len(word) > 3 && strings.HasSuffix(word, "s") && !strings.HasSuffix(word, "ss") {
		return word[:len(word)-1]
	}
	return word
}

// underscored returns a name in lower case with an underscore for each character that is
// neither a letter nor a digit: names that differ in separators only come to the same.
func underscored(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return '_'
	}, name)
}
