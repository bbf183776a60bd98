package main

import (
	"errors"
	"testing"

	"github.com/sage-rca/sage/internal/gvae"
)

func TestTree(t *testing.T) {
	s := tree(stepServices)
	if len(s.Nodes) != 88 || len(s.Latents) != 59 {
		t.Fatalf("%d nodes, %d latents", len(s.Nodes), len(s.Latents))
	}
	parents := 0
	for _, n := range s.Nodes {
		parents += len(n.Parents)
	}
	if parents != 3*(stepServices-1) { // client below each server but the first, server and network below each client
		t.Fatalf("%d parents", parents)
	}
}

// PyTorch, both ways, takes the same steps: of a model as published and of a
// structured one.
func TestTorch_takesTheSameSteps(t *testing.T) {
	spec := tree(5)
	for _, structured := range []bool{true, false} {
		cfg := gvae.DefaultConfig()
		cfg.Structured, cfg.Batch = structured, 32
		l, err := newLockstep(spec, treeData(&spec, 64), cfg, 3)
		if err != nil {
			t.Fatal(err)
		}
		peer, err := startTorch(l)
		if errors.Is(err, errSkipped) {
			t.Skip(err)
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, way := range []string{"eager", "grouped"} {
			if _, err := l.differs(peer, way); err != nil {
				t.Errorf("structured %v, %s: %v", structured, way, err)
			}
		}
		if err := peer.close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDifference(t *testing.T) {
	if d, err := difference([]float64{2, 1}, []float64{2, 1 + 2e-6}); err != nil || d < 1.9e-6 || d > 2.1e-6 {
		t.Errorf("%v, %v", d, err)
	}
	for _, theirs := range [][]float64{{2}, {2, 1 + 2*sameLoss}, {2, 0}} {
		if _, err := difference([]float64{2, 1}, theirs); err == nil {
			t.Errorf("%v passes for 2, 1", theirs)
		}
	}
}
