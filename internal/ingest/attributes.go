package ingest

import (
	"math"
	"strconv"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/callgraph"
)

// slot is the place of one attribute that is read. Attributes that were renamed
// have one slot per name, since either may come first.
type slot uint8

const (
	noSlot slot = iota
	httpMethod
	httpMethodOld
	httpRoute
	httpStatus
	httpStatusOld
	httpContentType
	httpAccept
	httpUpgrade
	urlTemplate
	urlFull
	urlFullOld
	rpcSystem
	rpcSystemOld
	rpcService
	rpcMethod
	rpcStatus
	rpcStatusOld
	dbSystem
	dbSystemOld
	dbNamespace
	dbNamespaceOld
	dbOperation
	dbOperationOld
	dbCollection
	dbCollectionOld
	dbSummary
	msgSystem
	msgOperation
	msgOperationOld
	msgOperationType
	msgDestination
	msgDestinationOld
	msgTemplate
	msgTemporary
	msgAnonymous
	peerService
	peerServiceOld
	serverAddress
	serverAddressOld
	serverHostOld
	peerAddress
	peerAddressOld
	errorType
	errorTag
	otelStatus
	protocolName
	graphqlType
	refineryReason
	requestSide
	statement
	serverPort // the ports have numbers, see attributes.ports
	serverPortOld
	networkPort
	networkPortOld
	peerHost // made of the addresses by locate
	peerPort // and of the ports
	numSlots
)

// attributeNames are the names of the attributes that are read, as in
// OpenTelemetry semantic conventions 1.38; "Old" ones are of 1.20 and before.
var attributeNames = [...]struct {
	name string
	slot slot
}{
	{"", noSlot},
	{"http.request.method", httpMethod},
	{"http.method", httpMethodOld},
	{"http.route", httpRoute},
	{"http.response.status_code", httpStatus},
	{"http.status_code", httpStatusOld},
	{"http.response.header.content-type", httpContentType},
	{"http.request.header.accept", httpAccept},
	{"http.request.header.upgrade", httpUpgrade},
	{"url.template", urlTemplate},
	{"url.full", urlFull},
	{"http.url", urlFullOld},
	{"rpc.system.name", rpcSystem},
	{"rpc.system", rpcSystemOld},
	{"rpc.service", rpcService},
	{"rpc.method", rpcMethod},
	{"rpc.response.status_code", rpcStatus},
	{"rpc.grpc.status_code", rpcStatusOld},
	{"db.system.name", dbSystem},
	{"db.system", dbSystemOld},
	{"db.namespace", dbNamespace},
	{"db.name", dbNamespaceOld},
	{"db.operation.name", dbOperation},
	{"db.operation", dbOperationOld},
	{"db.collection.name", dbCollection},
	{"db.sql.table", dbCollectionOld},
	{"db.mongodb.collection", dbCollectionOld},
	{"db.cassandra.table", dbCollectionOld},
	{"db.cosmosdb.container", dbCollectionOld},
	{"db.query.summary", dbSummary},
	{"messaging.system", msgSystem},
	{"messaging.operation.name", msgOperation},
	{"messaging.operation", msgOperationOld},
	{"messaging.operation.type", msgOperationType},
	{"messaging.destination.name", msgDestination},
	{"messaging.destination", msgDestinationOld},
	{"messaging.destination.template", msgTemplate},
	{"messaging.destination.temporary", msgTemporary},
	{"messaging.destination.anonymous", msgAnonymous},
	{"service.peer.name", peerService},
	{"peer.service", peerServiceOld},
	{"server.address", serverAddress},
	{"net.peer.name", serverAddressOld},
	{"http.host", serverHostOld},
	{"server.port", serverPort},
	{"net.peer.port", serverPortOld},
	{"network.peer.port", networkPort},
	{"net.sock.peer.port", networkPortOld},
	{"network.peer.address", peerAddress},
	{"net.peer.ip", peerAddressOld},
	{"net.sock.peer.addr", peerAddressOld},
	{"error.type", errorType},
	{"error", errorTag},
	{"otel.status_code", otelStatus},
	{"network.protocol.name", protocolName},
	{"graphql.operation.type", graphqlType},
	{"meta.refinery.reason", refineryReason}, // of a tail sampler
	{"url.path", requestSide},                // what hardly any but a server says
	{"http.target", requestSide},
	{"client.address", requestSide},
	{"http.client_ip", requestSide},
	{"db.query.text", statement},
	{"db.statement", statement},
}

// slots is a set of slots.
type slots uint64

func slotsOf(of ...slot) (set slots) {
	for _, s := range of {
		set |= 1 << s
	}
	return set
}

// Attributes that say whether a span failed, or waits, or who has kept it.
var outcomeSlots = slotsOf(httpStatus, httpStatusOld, rpcStatus, rpcStatusOld, errorType, errorTag, otelStatus,
	rpcSystem, rpcSystemOld, protocolName, graphqlType, httpContentType, httpAccept, httpUpgrade, refineryReason)

// Attributes that say at which address a callee is.
var addressSlots = slotsOf(serverAddress, serverAddressOld, serverHostOld, urlFull, urlFullOld)

var portSlots = slotsOf(serverPort, serverPortOld, networkPort, networkPortOld)

var messageSlots = slotsOf(msgOperation, msgOperationOld, msgOperationType, msgDestination, msgDestinationOld,
	msgTemplate, msgTemporary, msgAnonymous)

var peerSlots = slotsOf(peerService, peerServiceOld, peerHost, peerPort, peerAddress, peerAddressOld, msgSystem, rpcService,
	dbSystem, dbSystemOld, dbNamespace, dbNamespaceOld)

// namingSlots are the attributes by which operations and peers are named.
var namingSlots = [...]slots{
	callgraph.Internal: 0,
	callgraph.Server:   slotsOf(httpMethod, httpMethodOld, httpRoute, rpcService, rpcMethod),
	callgraph.Client: peerSlots | messageSlots | slotsOf(httpMethod, httpMethodOld, urlTemplate, rpcMethod,
		dbSummary, dbOperation, dbOperationOld, dbCollection, dbCollectionOld),
	callgraph.Producer:    peerSlots | messageSlots,
	callgraph.Consumer:    messageSlots,
	callgraph.Unspecified: kindlessSlots,
	callgraph.SeemsServer: kindlessSlots,
	callgraph.SeemsClient: kindlessSlots,
}

// kindlessSlots are those of a SERVER and a CLIENT.
var kindlessSlots = peerSlots | messageSlots | slotsOf(httpMethod, httpMethodOld, httpRoute, urlTemplate, rpcMethod,
	dbSummary, dbOperation, dbOperationOld, dbCollection, dbCollectionOld)

// wanted finds by the kind of a span all attributes that are read of it. What is not
// read is not even fetched from memory, of which a value takes two lines.
var wanted = func() (w [len(namingSlots)]*slotTable) {
	for kind, naming := range namingSlots {
		of := naming | outcomeSlots
		if naming&peerSlots == peerSlots {
			of |= addressSlots | portSlots
		}
		if callgraph.Kind(kind) > callgraph.Consumer {
			of |= lookSlots
		}
		w[kind] = slotNames.only(of)
	}
	return w
}()

// attributes are the attributes of one span that matter. Empty is absent.
type attributes struct {
	present slots
	values  [numSlots]string // of slots that are not present they mean nothing
	ports   [networkPortOld - serverPort + 1]uint16
}

// read takes in what m holds of the slots that the table finds.
func (a *attributes) read(m pcommon.Map, wanted *slotTable) {
	a.present = 0
	for k, v := range m.All() {
		if c := wanted.cellOf(k); c != 0 && attributeNames[c].name == k {
			a.set(wanted.slots[c], v)
		}
	}
}

func (a *attributes) set(s slot, v pcommon.Value) {
	if portSlots>>s&1 != 0 {
		a.setPort(s, v)
		return
	}
	var t string
	if v.Type() == pcommon.ValueTypeStr {
		t = v.Str()
	} else {
		t = text(v)
	}
	a.values[s] = t
	if a.present |= 1 << s; t == "" {
		a.present &^= 1 << s
	}
}

// setPort sets a port, which nearly every call has and few are named by: as a number
// it takes no memory.
func (a *attributes) setPort(s slot, v pcommon.Value) {
	n := int64(0)
	switch v.Type() {
	case pcommon.ValueTypeInt:
		n = v.Int()
	case pcommon.ValueTypeStr:
		n, _ = plainNumber(v.Str())
	default: // no port
	}
	if n < 1 || n > math.MaxUint16 {
		a.present &^= 1 << s
		return
	}
	a.ports[s-serverPort], a.present = uint16(n), a.present|1<<s
}

// port returns the first of two ports that is not missing, or 0.
func (a *attributes) port(s, t slot) uint16 {
	switch {
	case a.present>>s&1 != 0:
		return a.ports[s-serverPort]
	case a.present>>t&1 != 0:
		return a.ports[t-serverPort]
	}
	return 0
}

// get returns the attribute of a slot, or "".
func (a *attributes) get(s slot) string {
	if a.present>>s&1 == 0 {
		return ""
	}
	return a.values[s]
}

// or returns the first of two slots that is not empty.
func (a *attributes) or(s, t slot) string {
	if a.present>>s&1 != 0 {
		return a.values[s]
	}
	return a.get(t)
}

// text returns a scalar as a string, the first element of a list of strings
// (as headers are recorded), and "" for anything else.
func text(v pcommon.Value) string {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return v.Str()
	case pcommon.ValueTypeInt:
		return decimal(v.Int())
	case pcommon.ValueTypeBool:
		if v.Bool() {
			return "true"
		}
	case pcommon.ValueTypeSlice:
		if l := v.Slice(); l.Len() > 0 && l.At(0).Type() == pcommon.ValueTypeStr {
			return l.At(0).Str()
		}
	default: // a map, bytes or a double names nothing
	}
	return ""
}

// decimals are the small numbers in decimal, HTTP status codes among them, so
// that reading one does not allocate.
var decimals = func() (d [600]string) {
	for i := range d {
		d[i] = strconv.Itoa(i)
	}
	return d
}()

func decimal(n int64) string {
	if 0 <= n && n < int64(len(decimals)) {
		return decimals[n]
	}
	return strconv.FormatInt(n, 10)
}
