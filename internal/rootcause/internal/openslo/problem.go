package openslo

import (
	"cmp"
	"fmt"
)

// Problem is why something in a file cannot be imported.
type Problem struct {
	File   string
	Line   int // 0: the file as a whole
	Reason string
}

func (p Problem) Error() string {
	if p.Line == 0 {
		return fmt.Sprintf("%s: %s", p.File, p.Reason)
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Reason)
}

func (p Problem) compare(o Problem) int {
	return cmp.Or(cmp.Compare(p.File, o.File), cmp.Compare(p.Line, o.Line), cmp.Compare(p.Reason, o.Reason))
}
