package ingest

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"github.com/sage-rca/sage/internal/identity"
)

// maxKeyAttributes bounds the attributes of one join key.
const maxKeyAttributes = 4

// maxHolders bounds the replicas that share one join key: those on one host.
const maxHolders = 256

// pidAttribute alone is no identity, so a key of nothing else joins only where
// exactly one replica has it and the hosts do not contradict.
const pidAttribute = "process.pid"

// DefaultJoinKeys returns the sets of resource attributes by which metrics of a
// process, container or pod find the replica that sends spans with the same
// values, in the order in which they are tried.
func DefaultJoinKeys() [][]string {
	return [][]string{
		{"service.instance.id"},
		{"container.id"},
		{"k8s.pod.uid", "k8s.container.name"},
		{"k8s.pod.uid"},
		{"k8s.namespace.name", "k8s.pod.name"},
		{"k8s.pod.name"},
		{"host.id", pidAttribute},
		{"host.name", pidAttribute},
		{pidAttribute},
	}
}

// DefaultHostKeys returns the sets of resource attributes by which metrics of a
// host find the replicas that run on it.
func DefaultHostKeys() [][]string {
	return [][]string{{"host.id"}, {"host.name"}, {"k8s.node.name"}}
}

// smaller are the attributes of what is smaller than a host. A resource that
// has one of them is never joined as a host.
var smaller = [...]string{
	pidAttribute, "container.id", "container.name", "k8s.pod.uid", "k8s.pod.name",
	"k8s.container.name", "service.instance.id", "service.name",
}

// joins knows which replicas have which resource attributes, as the resources
// of spans teach, and finds the replicas that the resource of a metric is
// about. It is safe for concurrent use. All times are event time.
type joins struct {
	rules  [][]string // instance rules, then host rules
	hosts  int        // index of the first host rule
	max    int
	forget int64

	learned atomic.Uint64 // counts what find may depend on, but time

	mu      sync.Mutex // guards everything below
	holders map[joinKey][]holder
	size    int   // holders in all keys
	swept   int64 // time of the last search for forgotten holders
}

// joinKey is one rule with the values of its attributes.
type joinKey struct {
	rule  int
	parts [maxKeyAttributes]keyPart
}

// keyPart is the value of an attribute. Numbers are equal to their decimal
// text, since process.pid comes as either.
type keyPart struct {
	text   string
	number int64
}

type holder struct {
	instance identity.Instance
	host     keyPart // host.name, if known
	seen     int64
}

func newJoins(instanceKeys, hostKeys [][]string, max int, forget int64) *joins {
	return &joins{
		rules:   slices.Concat(instanceKeys, hostKeys),
		hosts:   len(instanceKeys),
		max:     max,
		forget:  forget,
		holders: make(map[joinKey][]holder),
	}
}

// learn notes that the resource m is that of instance, seen at now. It reports
// false where there was no room for all of it.
func (j *joins) learn(m pcommon.Map, instance identity.Instance, now int64) bool {
	host, _ := partOf(m, "host.name")
	room := true

	j.mu.Lock()
	defer j.mu.Unlock()
	for rule := range j.rules {
		if key, ok := j.key(rule, m); ok && !j.put(key, holder{instance, host, now}) {
			room = false
		}
	}
	return room
}

func (j *joins) put(key joinKey, h holder) bool {
	held := j.holders[key]
	for i := range held {
		if held[i].instance == h.instance {
			held[i].seen = max(held[i].seen, h.seen)
			if held[i].host != h.host {
				held[i].host = h.host
				j.learned.Add(1)
			}
			return true
		}
	}
	if j.size >= j.max || len(held) >= maxHolders {
		if !j.sweep(h.seen) {
			return false
		}
		if held = j.holders[key]; j.size >= j.max || len(held) >= maxHolders {
			return false
		}
	}
	j.holders[key] = append(held, h)
	j.size++
	j.learned.Add(1)
	return true
}

// sweep removes what is forgotten at now, at most a few times per span of
// forgetting, and reports whether it searched.
func (j *joins) sweep(now int64) bool {
	if now-j.swept < j.forget/8 {
		return false
	}
	j.swept = now
	j.learned.Add(1)
	for key, held := range j.holders {
		kept := slices.DeleteFunc(held, func(h holder) bool { return now-h.seen >= j.forget })
		j.size -= len(held) - len(kept)
		if len(kept) == 0 {
			delete(j.holders, key)
			continue
		}
		j.holders[key] = kept
	}
	return true
}

// find appends to dst the replicas that the resource m is about, sorted, by the
// first rule that knows any, and reports whether that was the rule of a host.
// Where service is not zero, only its replicas count.
func (j *joins) find(dst []identity.Instance, m pcommon.Map, service identity.Service, now int64) (found []identity.Instance, host bool) {
	rules := len(j.rules)
	if !isHost(m) {
		rules = j.hosts
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for rule := range rules {
		key, ok := j.key(rule, m)
		if !ok {
			continue
		}
		found = dst
		for _, h := range j.holders[key] {
			alive := now-h.seen < j.forget
			wanted := service.IsZero() || h.instance.Service == service
			if alive && wanted && !j.contradicts(rule, h, m) {
				found = append(found, h.instance)
			}
		}
		n := len(found) - len(dst)
		if n == 0 || n > 1 && j.isPid(rule) {
			continue
		}
		slices.SortFunc(found[len(dst):], compareInstances)
		return found, rule >= j.hosts
	}
	return dst, false
}

func (j *joins) isPid(rule int) bool {
	return len(j.rules[rule]) == 1 && j.rules[rule][0] == pidAttribute
}

// contradicts reports whether a replica with the same pid is on another host.
func (j *joins) contradicts(rule int, h holder, m pcommon.Map) bool {
	if !j.isPid(rule) || h.host == (keyPart{}) {
		return false
	}
	host, ok := partOf(m, "host.name")
	return ok && host != h.host
}

// key returns the key of a rule for the resource m, where m has all of its attributes.
func (j *joins) key(rule int, m pcommon.Map) (joinKey, bool) {
	key := joinKey{rule: rule}
	for i, attribute := range j.rules[rule] {
		part, ok := partOf(m, attribute)
		if !ok {
			return joinKey{}, false
		}
		key.parts[i] = part
	}
	return key, true
}

func partOf(m pcommon.Map, attribute string) (keyPart, bool) {
	v, ok := m.Get(attribute)
	if !ok {
		return keyPart{}, false
	}
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return keyPart{number: v.Int()}, true
	case pcommon.ValueTypeStr:
		s := v.Str()
		if n, ok := plainNumber(s); ok {
			return keyPart{number: n}, true
		}
		return keyPart{text: s}, s != "" && len(s) <= maxName
	default:
		return keyPart{}, false
	}
}

// plainNumber reads s where it is a number as decimal writes it.
func plainNumber(s string) (int64, bool) {
	const digits = 18 // fit
	if s == "" || len(s) > digits || s[0] == '0' && s != "0" {
		return 0, false
	}
	n := int64(0)
	for i := range len(s) {
		c := s[i] - '0'
		if c > 9 {
			return 0, false
		}
		n = 10*n + int64(c)
	}
	return n, true
}

func isHost(m pcommon.Map) bool {
	for _, attribute := range smaller {
		if _, ok := m.Get(attribute); ok {
			return false
		}
	}
	return true
}

func compareInstances(a, b identity.Instance) int {
	if c := a.Service.Compare(b.Service); c != 0 {
		return c
	}
	return strings.Compare(a.ID, b.ID)
}
