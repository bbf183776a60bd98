package ingest

import (
	"math/bits"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// maxLabels bounds the attributes of join keys that are looked for on points.
const maxLabels = 24

// labels are what a point itself says of whom it is about, as scraped exporters do that
// tell of many: the resource of such a point is that of the exporter. Empty is absent.
type labels struct {
	present uint32
	values  [maxLabels]string // of those that are not present they mean nothing
}

func (l *labels) has(slot uint8) bool { return l.present>>slot&1 != 0 }

func (l *labels) set(slot uint8, value string) {
	l.present |= 1 << slot
	l.values[slot] = value
}

func (l *labels) hash() uint64 {
	h := uint64(l.present) * hashFactor
	for left := l.present; left != 0; left &= left - 1 {
		h = quickHash(h, l.values[bits.TrailingZeros32(left)])
	}
	return h ^ h>>32
}

// clone returns the values that are present, in their order, with memory of their own.
func (l *labels) clone() []string {
	out := make([]string, 0, bits.OnesCount32(l.present))
	for left := l.present; left != 0; left &= left - 1 {
		out = append(out, strings.Clone(l.values[bits.TrailingZeros32(left)]))
	}
	return out
}

// labelling knows how points spell the attributes of join keys.
type labelling struct {
	names []string // of the attributes, by slot
	slots map[string]spelling
	hosts uint32  // slots of what tells hosts apart
	node  []uint8 // those of them that are a host's name
	// Slots that are there for stores alone, as sets of one; empty where there is no room.
	address, container, service uint32
}

// spelling is how an attribute of points is read.
type spelling struct {
	slot uint8
	over bool // counts where another spelling is there too
	read func(string) string
}

// spellings are the names by which scraped metrics know what resources have: those of
// cAdvisor and kube-state-metrics, of relabelling rules as they are usual, and the names of
// resource attributes with underscores, as exporters for Prometheus write them. What an
// exporter is told of itself and of others is called exported_ where it tells of others.
var spellings = []struct {
	attribute string
	names     []string
	read      func(string) string
}{
	{"k8s.pod.name", []string{"pod", "pod_name", "kubernetes_pod_name", "exported_pod"}, whole},
	{"k8s.namespace.name", []string{"namespace", "kubernetes_namespace", "exported_namespace"}, whole},
	{"k8s.container.name", []string{"container", "exported_container"}, whole},
	{"k8s.pod.uid", []string{"uid", "pod_uid"}, whole},
	{"k8s.node.name", []string{"node", "nodename", "kubernetes_node", "exported_node"}, whole},
	{"host.name", []string{"instance", "host", "hostname"}, withoutPort},
	{"container.id", []string{"id"}, containerID},
	{"container.name", []string{"name", "container_name"}, whole},
	{"process.pid", []string{"pid"}, whole},
	{"k8s.service.name", []string{"service", "kubernetes_service", "kubernetes_name", "exported_service"}, whole},
}

// newLabelling returns how points spell the attributes of rules, of which those of hosts begin
// at index hosts.
func newLabelling(rules [][]string, hosts int) *labelling {
	l := &labelling{slots: make(map[string]spelling)}
	slot := make(map[string]uint8)
	for _, rule := range rules {
		for _, attribute := range rule {
			if _, ok := slot[attribute]; ok || len(l.names) == maxLabels {
				continue
			}
			slot[attribute] = uint8(len(l.names))
			l.names = append(l.names, attribute)
		}
	}
	l.addStores(slot)
	for _, s := range spellings {
		if n, ok := slot[s.attribute]; ok {
			for _, name := range s.names {
				l.slots[name] = spelling{slot: n, over: strings.HasPrefix(name, "exported_"), read: s.read}
			}
		}
	}
	for _, rule := range rules[hosts:] {
		for _, attribute := range rule {
			if n, ok := slot[attribute]; ok {
				l.hosts |= 1 << n
			}
		}
	}
	for _, attribute := range [...]string{"k8s.node.name", "host.name"} {
		if n, ok := slot[attribute]; ok && l.hosts>>n&1 != 0 {
			l.node = append(l.node, n)
		}
	}
	for n, attribute := range l.names {
		s := spelling{slot: uint8(n), over: true, read: whole}
		if attribute == "container.id" {
			s.read = containerID
		}
		l.slots[attribute] = s
		if underscored := strings.ReplaceAll(attribute, ".", "_"); !slices.Contains(l.names, underscored) {
			l.slots[underscored] = s
		}
	}
	return l
}

// addStores gives slots to attributes by which stores alone are found.
func (l *labelling) addStores(slot map[string]uint8) {
	for _, of := range [...]struct {
		attribute string
		set       *uint32
	}{{"server.address", &l.address}, {"container.name", &l.container}, {"k8s.service.name", &l.service}} {
		if _, ok := slot[of.attribute]; !ok && len(l.names) < maxLabels {
			*of.set = 1 << len(l.names)
			slot[of.attribute] = uint8(len(l.names))
			l.names = append(l.names, of.attribute)
		}
	}
}

// read takes in what m holds of the attributes of join keys.
func (l *labelling) read(dst *labels, m pcommon.Map) {
	dst.present = 0
	for k, v := range m.All() {
		s, ok := l.slots[k]
		if !ok || dst.present>>s.slot&1 != 0 && !s.over {
			continue
		}
		if t := s.read(text(v)); t != "" && len(t) <= maxName {
			dst.set(s.slot, t)
		}
	}
}

// keepHost leaves of the labels of a point about a host those that say which: others are
// those of the exporter's pod. Where there are none, the resource that the point was scraped
// from tells. The name of a node is that of the host, rather than the address of its exporter.
func (l *labelling) keepHost(of *labels, resource pcommon.Map) {
	of.present &= l.hosts
	if of.present == 0 {
		name := hostScraped(resource)
		if name == "" || len(name) > maxName {
			return
		}
		for _, n := range l.node {
			of.set(n, name)
		}
		return
	}
	for _, n := range l.node {
		if of.has(n) {
			for _, other := range l.node {
				of.set(other, of.values[n])
			}
			return
		}
	}
}

// keepPod leaves of the labels of a point about a pod those that say which: where it was
// scraped is the address of who tells of all of them.
func (l *labelling) keepPod(of *labels) { of.present &^= l.address | l.service }

// keepSender leaves of the labels of a point about a process what may say which: its host is
// where it was scraped, and a name is hardly ever a container's. Of what is the sender's own
// labels say no store: a client's have the address of whom it calls.
func (l *labelling) keepSender(of *labels, own bool) {
	of.present &^= l.container
	if own {
		of.present &^= l.address | l.service
	}
	if own || l.address == 0 || of.present&l.address != 0 {
		return
	}
	for _, n := range l.node {
		if l.names[n] == "host.name" && of.has(n) {
			of.set(uint8(bits.TrailingZeros32(l.address)), of.values[n])
		}
	}
}

// hostScraped returns the host of an exporter, by its resource.
func hostScraped(resource pcommon.Map) string {
	for _, attribute := range [...]string{"k8s.node.name", "host.name", "service.instance.id", "server.address"} {
		if v, ok := resource.Get(attribute); ok {
			if name := withoutPort(text(v)); name != "" {
				return name
			}
		}
	}
	return ""
}

// asMap writes labels as the attributes of a resource.
func (l *labelling) asMap(of *labels) pcommon.Map {
	m := pcommon.NewMap()
	for n, name := range l.names {
		if of.present>>n&1 != 0 {
			m.PutStr(name, of.values[n])
		}
	}
	return m
}

func whole(s string) string {
	if s == "POD" { // the container that holds a pod together, of which nobody runs anything
		return ""
	}
	return s
}

// withoutPort returns the host of an address with a port, or of one without.
func withoutPort(s string) string {
	if n := strings.LastIndexByte(s, ':'); n > 0 && strings.IndexByte(s, ':') == n {
		return s[:n]
	}
	return strings.Trim(s, "[]")
}

// containerID returns the ID of a container, 64 hexadecimal digits, in the path of a
// control group or a URI, or "".
func containerID(s string) string {
	const length = 64
	run := 0
	for i := len(s) - 1; i >= 0; i-- {
		if !isHex(s[i]) {
			run = 0
			continue
		}
		if run++; run == length && (i == 0 || !isHex(s[i-1])) {
			return s[i : i+length]
		}
	}
	return ""
}
