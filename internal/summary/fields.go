package summary

import (
	"cmp"
	"slices"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// rpc returns the piece of an RPC that a point of q is.
func (r *reader) rpc(q quantity, of pcommon.Map, v value, id id) (*window.RPCShare, id) {
	s := &window.RPCShare{Key: identity.RPC{Service: r.service, Operation: r.text(of, attrOperation)}}
	id = id.add(s.Key.Operation)
	switch q {
	case requestDuration:
		s.Latency, s.Count, s.Exemplars = v.sketch, v.sketch.Count(), v.exemplars
	case requestExclusive:
		s.Exclusive = v.sketch
	case requestEnding:
		s.Ending = v.sketch
	case requestEntries:
		s.Entries = v.number
	case requestTorn:
		s.Torn = v.number
	case requestInner:
		s.Inner = v.number
	case requestMessages:
		s.Async = v.number
	case requestStreams:
		s.Stream = v.number
	case requestUnseen:
		s.Unseen = v.number
	case requestErrors:
		s.Errors = v.number
	case requestUnion:
		s.Union = v.number
	case requestSum:
		s.Sum = v.number
	case requestErrorTypes:
		s.ErrorTypes, id = r.errorType(of, v, id)
	case replicaDuration, replicaUnseen, replicaErrors:
		in := window.InstanceShare{ID: r.text(of, attrInstance)}
		id = id.add(in.ID)
		switch q {
		case replicaUnseen:
			in.Unseen = v.number
		case replicaErrors:
			in.Errors = v.number
		default:
			in.Latency, in.Count = v.sketch, v.sketch.Count()
			in.Version, in.Host, in.Seen = r.text(of, attrVersion), r.text(of, attrHost), r.integer(of, attrSeen)
		}
		s.Instances = []window.InstanceShare{in}
	default: // of edges and replicas
	}
	return s, id
}

// edge returns the piece of an edge that a point of q is.
func (r *reader) edge(q quantity, of pcommon.Map, v value, id id) (*window.EdgeShare, id) {
	s := &window.EdgeShare{Key: identity.Edge{
		Caller: identity.RPC{Service: r.service, Operation: r.text(of, attrOperation)},
		Callee: identity.RPC{
			Service:   identity.Service{Namespace: r.text(of, attrCalleeNamespace), Name: r.text(of, attrCallee)},
			Operation: r.text(of, attrCalleeOperation),
		},
	}}
	callee := &s.Key.Callee
	id = id.add(s.Key.Caller.Operation).add(callee.Service.Namespace).add(callee.Service.Name).add(callee.Operation)
	switch q {
	case calls:
		s.Count, s.Answered, s.Waited = v.number, isTrue(of, attrAnswered), isTrue(of, attrWaited)
	case callStreams:
		s.Stream = v.number
	case callErrors:
		s.Errors = v.number
	case callWithin:
		s.Within = v.number
	case callShare:
		s.Share = v.number
	case callAhead:
		s.Ahead = v.number
	case callOffset:
		s.Offset = v.number
	case callErrorTypes:
		s.ErrorTypes, id = r.errorType(of, v, id)
	case callClient:
		s.Client, s.Exemplars = v.sketch, v.exemplars
	case callServer:
		s.Server, s.Matched = v.sketch, v.sketch.Count()
	case callNetwork:
		s.Network = v.sketch
	case callQueue:
		s.Queue = v.sketch
	case callRequests:
		s.Requests = v.sketch
	case callAgain:
		s.Again = v.sketch
	case callGaps:
		s.Callers, s.Callees = r.gaps(of, attrCallers), r.gaps(of, attrCallees)
	case callShown:
		s.Shown, s.Exemplars = v.sketch, v.exemplars
	default: // of RPCs and replicas
	}
	return s, id
}

// gaps are those of the replicas at one end of calls.
func (r *reader) gaps(of pcommon.Map, key string) []window.Gap {
	v, ok := of.Get(key)
	if !ok || v.Type() != pcommon.ValueTypeBytes {
		r.whole = false
		return nil
	}
	out, err := window.ParseGaps(v.Bytes().AsRaw(), maxName, maxNumber)
	r.whole = r.whole && err == nil && !slices.ContainsFunc(out, func(g window.Gap) bool { return !isName(g.ID) })
	return out
}

func (r *reader) errorType(of pcommon.Map, v value, id id) ([]window.ErrorWeight, id) {
	name := r.text(of, attrErrorType)
	return []window.ErrorWeight{{Type: name, Weight: v.number}}, id.add(name)
}

// maxAttributes bounds the attributes that a replica is known by.
const maxAttributes = 32

// replica returns what a point says of where a replica runs.
func (r *reader) replica(of pcommon.Map, id id) (*window.ReplicaShare, id) {
	s := &window.ReplicaShare{Instance: identity.Instance{Service: r.service, ID: r.text(of, attrReplica)}}
	r.whole = r.whole && of.Len() <= maxAttributes
	for k := range of.All() {
		r.whole = r.whole && isName(k)
		if k != attrReplica {
			s.Attributes = append(s.Attributes, window.Attribute{Key: k, Value: r.text(of, k)})
		}
	}
	slices.SortFunc(s.Attributes, func(a, b window.Attribute) int { return cmp.Compare(a.Key, b.Key) })
	id = id.add(s.Instance.ID)
	for _, a := range s.Attributes {
		id = id.add(a.Key).add(a.Value)
	}
	return s, id
}

// maxName is the number of bytes that names have at most.
const maxName = 256

// text returns a string, "" where it is missing.
func (r *reader) text(of pcommon.Map, key string) string {
	v, ok := of.Get(key)
	if !ok {
		return ""
	}
	if v.Type() != pcommon.ValueTypeStr || !isName(v.Str()) {
		r.whole = false
		return ""
	}
	return v.Str()
}

func isName(s string) bool { return len(s) <= maxName && utf8.ValidString(s) }

func (r *reader) integer(of pcommon.Map, key string) int64 {
	v, ok := of.Get(key)
	if !ok {
		return 0
	}
	r.whole = r.whole && v.Type() == pcommon.ValueTypeInt && v.Int() >= 0
	return v.Int()
}

func isTrue(of pcommon.Map, key string) bool {
	v, ok := of.Get(key)
	return ok && v.Type() == pcommon.ValueTypeBool && v.Bool()
}

// id is a hash of what names a point within a window of a source: FNV-1a, in which
// every string ends with a byte that no UTF-8 has.
type id uint64

func newID(q quantity) id { return id(14695981039346656037).byte(byte(q)) }

func (h id) byte(b byte) id { return (h ^ id(b)) * 1099511628211 }

func (h id) add(s string) id {
	for i := range len(s) {
		h = h.byte(s[i])
	}
	return h.byte(0xff)
}
