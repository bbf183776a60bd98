//go:build !rcaready

package rca

type robust struct {
	Median, Spread float64
	N              int
}

// Diagnose answers one violated window. It is a pure function of its arguments.
func Diagnose(in Input, cfg Config) Verdict { panic("not implemented") }
