package summary

import "go.opentelemetry.io/collector/pdata/pmetric"

// Scope and Version are those of the metrics of this package: what has another
// version is refused.
const (
	Scope   = "github.com/sage-rca/sage/internal/summary"
	Version = "1"
)

// The attributes.
const (
	attrSource          = "sage.source" // of the scope
	attrNamespace       = "service.namespace"
	attrService         = "service.name"
	attrInstance        = "service.instance.id"
	attrVersion         = "service.version"
	attrErrorType       = "error.type"
	attrOperation       = "sage.operation"
	attrCalleeNamespace = "sage.callee.namespace"
	attrCallee          = "sage.callee.name"
	attrCalleeOperation = "sage.callee.operation"
	attrAnswered        = "sage.answered" // of any call a callee was seen
	attrWaited          = "sage.waited"   // of any call the caller waits
	attrHost            = "host.name"
	attrSeen            = "sage.version.seen" // when a request has shown service.version and host.name, ns since 1970
	attrWeighted        = "sage.weighted"     // some spans stand for more than themselves
	attrKept            = "sage.kept"         // some were kept by a sampler that had seen whole traces
	attrSketch          = "sage.sketch"       // where the histogram cannot hold it
	attrCallers         = "sage.callers"      // gaps by replica, of window.AppendGaps
	attrCallees         = "sage.callees"      // likewise
	attrReplica         = "sage.replica"      // a replica as requests name it
)

// quantity is one of the metrics.
type quantity int

const (
	windows quantity = iota
	requestDuration
	requestExclusive
	requestEnding
	requestEntries
	requestTorn
	requestInner
	requestMessages
	requestStreams
	requestUnseen
	requestErrors
	requestErrorTypes
	requestUnion
	requestSum
	replicaDuration
	replicaUnseen
	replicaErrors
	replicaResource
	calls
	callStreams
	callErrors
	callErrorTypes
	callWithin
	callShare
	callAhead
	callOffset
	callClient
	callServer
	callNetwork
	callQueue
	callRequests
	callAgain
	callShown
	callGaps
	numQuantities
)

// described is what a metric says of itself.
type described struct {
	name, unit, description string
	histogram               bool
}

// quantities are the metrics, each a sum of delta temporality if not a histogram.
var quantities = [numQuantities]described{
	windows:           {"sage.windows", "{window}", "Windows, and how their spans were sampled.", false},
	requestDuration:   {"sage.request.duration", "ns", "Durations of served requests.", true},
	requestExclusive:  {"sage.request.exclusive", "ns", "Durations of served requests without those of the calls that they waited for.", true},
	requestEnding:     {"sage.request.ending", "ns", "Durations of requests without a caller that ended in the last third of the window.", true},
	requestEntries:    {"sage.request.entries", "{request}", "Requests without a caller.", false},
	requestTorn:       {"sage.request.torn", "{request}", "The same, had they a caller of which no span has come.", false},
	requestInner:      {"sage.request.inner", "{request}", "The same, had the trace begun at another service, around them.", false},
	requestMessages:   {"sage.request.messages", "{request}", "Requests that are messages consumed.", false},
	requestStreams:    {"sage.request.streams", "{request}", "Requests that wait rather than work; in no other metric.", false},
	requestUnseen:     {"sage.request.unseen", "{request}", "Requests of which no span was seen, for which others stand.", false},
	requestErrors:     {"sage.request.errors", "{request}", "Requests that failed.", false},
	requestErrorTypes: {"sage.request.error_types", "{request}", "Requests that failed, by type.", false},
	requestUnion:      {"sage.request.union", "ns", "Time in which at least one call was under way.", false},
	requestSum:        {"sage.request.sum", "ns", "The same, added up over callees.", false},
	replicaDuration:   {"sage.replica.duration", "ns", "Durations of the requests that one replica served.", true},
	replicaUnseen:     {"sage.replica.unseen", "{request}", "Requests to one replica of which no span was seen, for which others stand.", false},
	replicaErrors:     {"sage.replica.errors", "{request}", "Requests that failed at one replica.", false},
	replicaResource:   {"sage.replica.resource", "1", "What the spans of a replica say of where it runs.", false},
	calls:             {"sage.calls", "{call}", "Calls.", false},
	callStreams:       {"sage.call.streams", "{call}", "Calls that wait rather than work; in no other metric.", false},
	callErrors:        {"sage.call.errors", "{call}", "Calls that failed.", false},
	callErrorTypes:    {"sage.call.error_types", "{call}", "Calls that failed, by type.", false},
	callWithin:        {"sage.call.within", "ns", "Time of calls within the requests that made them.", false},
	callShare:         {"sage.call.share", "ns", "The same, time in which several were under way counted once.", false},
	callAhead:         {"sage.call.ahead", "{call}", "Calls of the same requests that began before such calls, where no caller has CLIENT spans.", false},
	callOffset:        {"sage.call.offset", "ns", "How long after their requests had begun calls began.", false},
	callClient:        {"sage.call.client", "ns", "Durations of calls as the caller sees them.", true},
	callServer:        {"sage.call.server", "ns", "Durations of the same calls as the callee sees them.", true},
	callNetwork:       {"sage.call.network", "ns", "What the caller sees beyond what the callee sees; where no caller has CLIENT spans, the time around calls.", true},
	callQueue:         {"sage.call.queue", "ns", "Time that messages waited.", true},
	callRequests:      {"sage.call.requests", "ns", "Durations of the entry requests that made such calls, each once.", true},
	callAgain:         {"sage.call.again", "ns", "Waits of the caller's requests between failed calls and the next ones.", true},
	callGaps:          {"sage.call.gaps", "{edge}", "Edges of which calls are counted by replica and gap, in the attributes.", false},
	callShown:         {"sage.call.shown", "ns", "Durations by which exemplars are chosen, where these are not the caller's.", true},
}

// byName finds quantities.
var byName = func() map[string]quantity {
	m := make(map[string]quantity, numQuantities)
	for q := range numQuantities {
		m[quantities[q].name] = q
	}
	return m
}()

// describe makes m an empty metric of q.
func (q quantity) describe(m pmetric.Metric) {
	d := &quantities[q]
	m.SetName(d.name)
	m.SetUnit(d.unit)
	m.SetDescription(d.description)
	if d.histogram {
		m.SetEmptyExponentialHistogram().SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
		return
	}
	s := m.SetEmptySum()
	s.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	s.SetIsMonotonic(true)
}
