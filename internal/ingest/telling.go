package ingest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// telling collects what is told of replicas with the next window: where they run,
// which metrics that go another way are joined by.
type telling struct {
	attributes []string // that say where a replica runs, sorted
	every      int64    // event time after which a replica is told of again

	mu      sync.Mutex // guards everything below
	told    *identity.Recent[identity.Instance, struct{}]
	pending []window.ReplicaShare
}

// newTelling returns a telling of the attributes of rules that tells of a replica
// again before forget has passed.
func newTelling(rules [][]string, instances int, forget int64) *telling {
	const times = 12 // told before a listener forgets: also to one that has just begun
	every := max(1, forget/times)
	t := &telling{every: every, told: identity.NewRecent[identity.Instance, struct{}](instances, every, compareInstances)}
	for _, rule := range rules {
		t.attributes = append(t.attributes, rule...)
	}
	t.attributes = append(t.attributes, "host.name") // see joins.contradicts
	slices.Sort(t.attributes)
	t.attributes = slices.Compact(t.attributes)
	return t
}

// note has a replica told of, with the attributes that of returns, if that is due.
func (t *telling) note(in identity.Instance, now int64, of func() []window.Attribute) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if _, lately := t.told.Get(in, now); lately || !t.told.Put(in, struct{}{}, now) {
		return
	}
	if a := of(); len(a) > 0 {
		t.pending = append(t.pending, window.ReplicaShare{Instance: in, Attributes: a})
	}
}

// of returns the attributes of a resource that say where it runs.
func (t *telling) of(m pcommon.Map) []window.Attribute {
	var out []window.Attribute
	for _, key := range t.attributes {
		v, ok := m.Get(key)
		if !ok {
			continue
		}
		switch v.Type() {
		case pcommon.ValueTypeInt:
			out = append(out, window.Attribute{Key: key, Value: strconv.FormatInt(v.Int(), 10)})
		case pcommon.ValueTypeStr:
			if s := v.Str(); s != "" && len(s) <= maxName && utf8.ValidString(s) {
				out = append(out, window.Attribute{Key: key, Value: strings.Clone(s)})
			}
		default: // nothing that is joined by
		}
	}
	return out
}

// those returns the attributes among all that say where a replica runs.
func (t *telling) those(all []window.Attribute) []window.Attribute {
	var out []window.Attribute
	for _, a := range all {
		if _, known := slices.BinarySearch(t.attributes, a.Key); known {
			out = append(out, a)
		}
	}
	return out
}

// take removes and returns what is to be told, sorted.
func (t *telling) take() []window.ReplicaShare {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := t.pending
	t.pending = nil
	slices.SortFunc(out, func(a, b window.ReplicaShare) int {
		return cmp.Or(compareInstances(a.Instance, b.Instance), slices.CompareFunc(a.Attributes, b.Attributes, func(a, b window.Attribute) int {
			return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value))
		}))
	})
	return out
}
