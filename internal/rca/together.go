package rca

import "github.com/sage-rca/sage/internal/window"

// together puts the windows of an input that are judged together to one, which takes the place
// of the violated window and of the last row of its history. Rows before stay what they are:
// of one request, or of five, a window knows no tail, and has a missing value there.
func together(in Input) (Input, record) {
	if len(in.Earlier) == 0 || in.Snapshot == nil || in.History.Len() == 0 {
		return in, in.History
	}
	in.Snapshot = window.Join(append(in.Earlier[:len(in.Earlier):len(in.Earlier)], in.Snapshot)...)
	in.Earlier = nil
	return in, in.History.Instead(in.Snapshot)
}
