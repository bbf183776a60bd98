package summary

import (
	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"

	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// MaxPoints bounds the data points of one of Metrics, roughly: what is said of one
// operation or call is not split. A point takes 350 bytes on average, so that a message
// is well below the 4 MiB that gRPC takes by default.
const MaxPoints = 4096

// Metrics returns what source says of a window, in as many messages as it takes. The
// source must be another one for every run of a process, and say each window once.
func Metrics(source string, s *window.Share) []pmetric.Metrics {
	w := writer{source: source, start: pcommon.Timestamp(s.Start), end: pcommon.Timestamp(s.End)}
	w.begin()
	w.of(identity.Service{}).point(windows, 1, func(p pcommon.Map) {
		putTrue(p, attrWeighted, s.Sampled.Weighted)
		putTrue(p, attrKept, s.Sampled.Kept)
	})
	for i := range s.RPCs {
		w.rpc(&s.RPCs[i])
	}
	for i := range s.Edges {
		w.edge(&s.Edges[i])
	}
	for i := range s.Replicas {
		w.replica(&s.Replicas[i])
	}
	return w.messages
}

func (w *writer) rpc(r *window.RPCShare) {
	to := w.of(r.Key.Service)
	name := func(p pcommon.Map) { p.PutStr(attrOperation, r.Key.Operation) }
	to.histogram(requestDuration, r.Latency, name, r.Exemplars)
	to.histogram(requestExclusive, r.Exclusive, name, window.Exemplars{})
	to.histogram(requestEnding, r.Ending, name, window.Exemplars{})
	to.number(requestEntries, r.Entries, name)
	to.number(requestTorn, r.Torn, name)
	to.number(requestInner, r.Inner, name)
	to.number(requestMessages, r.Async, name)
	to.number(requestStreams, r.Stream, name)
	to.number(requestUnseen, r.Unseen, name)
	to.number(requestErrors, r.Errors, name)
	to.number(requestUnion, r.Union, name)
	to.number(requestSum, r.Sum, name)
	to.errorTypes(requestErrorTypes, r.ErrorTypes, name)
	for i := range r.Instances {
		in := &r.Instances[i]
		replica := func(p pcommon.Map) {
			name(p)
			putText(p, attrInstance, in.ID)
		}
		to.histogram(replicaDuration, in.Latency, func(p pcommon.Map) {
			replica(p)
			putText(p, attrVersion, in.Version)
			putText(p, attrHost, in.Host)
			p.PutInt(attrSeen, in.Seen)
		}, window.Exemplars{})
		to.number(replicaUnseen, in.Unseen, replica)
		to.number(replicaErrors, in.Errors, replica)
	}
}

func (w *writer) edge(e *window.EdgeShare) {
	to := w.of(e.Key.Caller.Service)
	name := func(p pcommon.Map) {
		p.PutStr(attrOperation, e.Key.Caller.Operation)
		putText(p, attrCalleeNamespace, e.Key.Callee.Service.Namespace)
		putText(p, attrCallee, e.Key.Callee.Service.Name)
		p.PutStr(attrCalleeOperation, e.Key.Callee.Operation)
	}
	// Also where it is zero: it says that there is the edge.
	to.point(calls, e.Count, func(p pcommon.Map) {
		name(p)
		putTrue(p, attrAnswered, e.Answered)
		putTrue(p, attrWaited, e.Waited)
	})
	ofClient, ofShown := e.Exemplars, window.Exemplars{}
	if e.Shown != nil {
		ofClient, ofShown = ofShown, ofClient
	}
	to.histogram(callClient, e.Client, name, ofClient)
	to.histogram(callServer, e.Server, name, window.Exemplars{})
	to.histogram(callNetwork, e.Network, name, window.Exemplars{})
	to.histogram(callQueue, e.Queue, name, window.Exemplars{})
	to.histogram(callRequests, e.Requests, name, window.Exemplars{})
	to.histogram(callAgain, e.Again, name, window.Exemplars{})
	to.histogram(callShown, e.Shown, name, ofShown)
	to.number(callStreams, e.Stream, name)
	to.number(callErrors, e.Errors, name)
	to.number(callWithin, e.Within, name)
	to.number(callShare, e.Share, name)
	to.number(callAhead, e.Ahead, name)
	to.number(callOffset, e.Offset, name)
	to.errorTypes(callErrorTypes, e.ErrorTypes, name)
	if len(e.Callers) > 0 {
		to.point(callGaps, 1, func(p pcommon.Map) {
			name(p)
			p.PutEmptyBytes(attrCallers).FromRaw(window.AppendGaps(nil, e.Callers))
			p.PutEmptyBytes(attrCallees).FromRaw(window.AppendGaps(nil, e.Callees))
		})
	}
}

func (w *writer) replica(r *window.ReplicaShare) {
	w.of(r.Instance.Service).point(replicaResource, 1, func(p pcommon.Map) {
		putText(p, attrReplica, r.Instance.ID)
		for _, a := range r.Attributes {
			p.PutStr(a.Key, a.Value)
		}
	})
}

func (s *service) errorTypes(q quantity, all []window.ErrorWeight, name func(pcommon.Map)) {
	for _, e := range all {
		s.number(q, e.Weight, func(p pcommon.Map) {
			name(p)
			p.PutStr(attrErrorType, e.Type)
		})
	}
}

func putText(to pcommon.Map, key, v string) {
	if v != "" {
		to.PutStr(key, v)
	}
}

func putTrue(to pcommon.Map, key string, v bool) {
	if v {
		to.PutBool(key, true)
	}
}
