package engine

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// served adds to a window an operation of service a.
func served(s *window.Snapshot, operation string) {
	r := s.RPCs[0]
	r.Key = identity.RPC{Service: r.Key.Service, Operation: operation}
	s.RPCs = append(s.RPCs, r)
}

// Operations that are seen once each are not learned one after the other, and the model is
// not called stale for them for longer than they are watched. One that stays is learned as
// it always was, once it was seen in as many windows.
func TestRareOperationsAreNotLearned(t *testing.T) {
	cfg := trained()
	cfg.Training.MinWindows = 12
	churn := letters(0, strings.Repeat("G", 100))
	for i := 20; i < len(churn); i++ {
		served(churn[i], fmt.Sprintf("GET /once/%03d", i))
	}
	r := newRig(t, cfg, nil).through(t, churn)
	assert.Equal(t, []Extent{Whole}, r.watch.extents, "until the interval has passed")
	assert.Equal(t, []string{"0 cold", "11 warming", "14 ready", "20 stale", "26 ready"}, r.models())

	stays := letters(100, strings.Repeat("G", 40))
	for _, s := range stays {
		served(s, "GET /stays")
	}
	r = newRig(t, cfg, nil).through(t, slices.Concat(churn, stays))
	assert.Len(t, r.watch.extents, 2)
	models := r.models()
	assert.Equal(t, []string{"102 stale", "111 ready"}, models[len(models)-2:],
		"3 windows are half of 6, watched for 6 more, and published 3 later")

	steady := letters(0, strings.Repeat("G", 100))
	for _, s := range steady[20:] {
		served(s, "GET /stays")
	}
	assert.Equal(t, []string{"0 cold", "11 warming", "14 ready", "20 stale", "29 ready"}, newRig(t, cfg, nil).through(t, steady).models())
}
