package engine

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

func TestLeftOut_tooMany(t *testing.T) {
	turned := func(n int, names ...string) window.Turned {
		out := window.Turned{Count: n}
		for _, name := range names {
			out.Services = append(out.Services, identity.Service{Namespace: "shop", Name: name})
		}
		return out
	}
	var r leftOut
	see := func(services, peers window.Turned) string {
		r.observe(&window.Snapshot{Refused: window.Refused{Services: services, Peers: peers}}, 2)
		return r.tooMany()
	}
	assert.Empty(t, see(turned(0), turned(0)))
	assert.Equal(t, `services that are not analysed: 1, such as "shop/a": limits.services is reached, raise it, as what is slow there is put down to others`, see(turned(1, "a"), turned(0)))
	for range 2 {
		assert.NotEmpty(t, see(turned(0), turned(0)))
	}
	assert.Empty(t, see(turned(0), turned(0)), "not for long")
	assert.Equal(t, `called services that count as one, "other": 4, such as "shop/a", "shop/b": limits.services is reached by what is called, stores included, raise it`,
		see(turned(0), turned(4, "a", "b")))
	assert.Contains(t, see(turned(window.MaxTurned, "a"), turned(1, "c")), "services that are not analysed: 1000 or more, such as ")
	assert.Contains(t, r.tooMany(), `; called services that count as one, "other": 1, such as "shop/c"`)
}

// From 5 % on it is said, until it is less than half of that.
func TestLeftOut_tooLate(t *testing.T) {
	var r leftOut
	for _, c := range []struct {
		share float64
		said  bool
	}{{0.05, false}, {0.06, true}, {0.03, true}, {0.025, false}, {0.04, false}, {1, true}, {0, false}} {
		r.observe(&window.Snapshot{Refused: window.Refused{LateSpans: c.share}}, 2)
		assert.Equal(t, c.said, r.tooLate() != "", c.share)
	}
	r.observe(&window.Snapshot{Refused: window.Refused{LateSpans: 0.3, LatePoints: 0.0712}}, 2)
	assert.Equal(t, "30 % of the spans of the last windows came after their window was closed, and are not used: raise lateness, or look for what holds them back; "+
		"7 % of the metric points of the last windows came after their window was closed, and are not used: raise lateness, or look for what holds them back", r.tooLate())
}

// Whose values found no room is said, and no more when all find it.
func TestEngine_saysThatTheHistoryIsFull(t *testing.T) {
	cfg := config()
	cfg.MaxColumns, cfg.Training.History = 8, 100*size // the columns of one RPC, in a record that gets no shorter
	windows := letters(0, "GGGGGGGGGGGGGGGGGGGGGGGGGGGG")
	for _, s := range windows[2:4] {
		other := s.RPCs[0]
		other.Key = rpc("b")
		s.RPCs = append(s.RPCs, other)
	}
	r := newRig(t, cfg, nil).through(t, windows)
	var said []string
	for _, o := range r.said {
		if o.Model != nil {
			said = append(said, fmt.Sprint((o.Model.Time.UnixNano()-epoch)/int64(size), " ", o.Model.Warning))
		}
	}
	assert.Equal(t, []string{
		"1 ",
		"3 the history has no room for values of b: what they lack, or that they are slow, may go unseen: raise limits.memory_mib, or shorten training.history",
		"25 ",
	}, said)
}
