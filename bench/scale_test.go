package main

import (
	"math"
	"testing"
)

// An application is simulated, learned and asked about in a process of its own.
func TestScaleOf(t *testing.T) {
	r, err := scaleOf("chain", 0, 2)
	if err != nil {
		t.Fatal(err)
	}
	if r.Services < 5 || r.Nodes <= r.Services || r.Windows < systemWindows-2 || r.Epochs != 2 {
		t.Errorf("%+v", r)
	}
	if !(r.Train > 0 && r.Infer > 0 && r.Model > 0 && r.RSS > 0) {
		t.Errorf("%+v", r)
	}
}

func TestExponent(t *testing.T) {
	rows := []scaleRow{{RPCs: 64, Train: 3}, {RPCs: 256, Train: 1}, {RPCs: 1024, Train: 12}}
	got := exponent(rows, func(r scaleRow) float64 { return r.Train }) // four times as much for 16 times as many
	if math.Abs(got-0.5) > 1e-12 {
		t.Errorf("%v, want 0.5", got)
	}
}
