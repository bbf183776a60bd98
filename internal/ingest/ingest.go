package ingest

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sage-rca/sage/internal/callgraph"
	"github.com/sage-rca/sage/internal/durations"
	"github.com/sage-rca/sage/internal/identity"
	"github.com/sage-rca/sage/internal/window"
)

// Ingester turns traces and metrics into windows. All methods are safe for
// concurrent use. See New.
type Ingester struct {
	cfg  Config
	obs  Observer // tardy
	emit func(*window.Snapshot) bool

	mark     watermark
	oldest   uint64       // event time before which nothing is used, ns
	enough   int          // spans after which traces are resolved
	accepted atomic.Int64 // wall clock at which something was last accepted, ns
	spanned  atomic.Int64 // the same of spans, 0 before the first
	scratch  sync.Pool    // of *scratch

	// What is told apart. Spans inside a request, and calls, are bounded on
	// their own so that they cannot use up the places of what is served.
	served    *identity.Admission // services and the operations they serve
	called    *identity.Admission // peers and the operations called
	inner     *identity.Admission // operations of spans inside of requests
	instances *identity.Recent[identity.Instance, struct{}]
	joins     *joins
	stores    *stores

	// Names have numbers from here to the windows. world is held shared by whoever
	// has numbers in hand, and alone by the sweep that takes back unused ones.
	world      sync.RWMutex
	names      *identity.Names
	sweepAt    atomic.Int64 // names at which the next sweep is due
	signatures signatures
	origins    origins
	first      first
	producers  *callgraph.Producers
	known      *callgraph.Known

	// What is known about metrics and their resources. Neither has numbers.
	selected lossy[selected]
	abouts   lossy[about]
	pointed  lossy[pointed]
	named    *named
	unread   crowds

	labelling *labelling

	shards  []*shard
	folding folding
	metrics metricShard
	told    histograms

	tearing  tearing // used by the one that hands windows on
	gathered *gathered
	telling  *telling  // nil where nobody is told
	thinning *thinning // nil where everything is looked at

	chosen  chosen
	crowds  crowds
	tardy   *tardy
	closing closing

	turnedAway, turnedPeers turned
}

// New returns an Ingester that gives each closed window to emit, in order and
// from one goroutine (that of Start, or of Close if it was never started). What
// emit returns is up to it: a snapshot that it refuses is its to count.
func New(cfg Config, obs Observer, emit func(*window.Snapshot) bool) (*Ingester, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("invalid configuration: %w", err)
	}
	if cfg.Shards == 0 {
		cfg.Shards = defaultShards()
	}
	size, forget := int64(cfg.Window), int64(cfg.Forget)
	limits := cfg.Limits
	i := &Ingester{
		cfg:       cfg,
		tardy:     &tardy{Observer: obs},
		emit:      emit,
		oldest:    cfg.Guard.oldest(size),
		enough:    enoughOf(limits.PendingSpans),
		mark:      watermark{size: size, lateness: int64(cfg.Lateness)},
		served:    identity.NewAdmission(limits.Services, limits.OperationsPerService, forget),
		called:    identity.NewAdmission(limits.Services, limits.OperationsPerService, forget),
		inner:     identity.NewAdmission(limits.Services, limits.OperationsPerService, forget),
		instances: identity.NewRecent[identity.Instance, struct{}](limits.Instances, forget, compareInstances),
		metrics:   metricShard{folder: window.NewMetrics(size, limits.MetricStreams)},
		told:      newHistograms(size, limits.MetricStreams),
	}
	i.obs = i.tardy
	keys := len(cfg.Metrics.JoinKeys) + len(cfg.Metrics.HostKeys)
	i.named = newNamed(limits.Services, forget)
	i.joins = newJoins(cfg.Metrics.JoinKeys, cfg.Metrics.HostKeys, max(1, keys)*limits.Instances, forget)
	i.stores = newStores(limits.Services, limits.Instances, forget, &i.joins.learned)
	i.tearing = newTearing(limits.Services*limits.OperationsPerService, forget)
	i.gathered = newGathered(limits.Sources, int64(limits.Gathered), forget)
	if cfg.Tell != nil {
		i.telling = newTelling(i.joins.rules, limits.Instances, forget)
	}
	i.thinning = newThinning(&i.cfg)
	i.mark.at.Store(never)
	i.chosen = chosen{open: make(map[int64]window.Sampled), closed: never}
	i.closing.init(cfg.MaxPending)
	i.names = identity.NewNames()
	i.sweepAt.Store(minSweep)
	i.signatures = newSignatures()
	i.origins = newOrigins(i.joins.rules)
	i.selected, i.abouts = newLossy[selected](maxSelected), newLossy[about](maxAbouts)
	i.pointed, i.labelling = newLossy[pointed](maxPointed), newLabelling(i.joins.rules, i.joins.hosts)
	i.producers = callgraph.NewProducers(limits.Producers, int64(cfg.MaxAge))
	i.known = callgraph.NewKnown(i.names, limits.Services*limits.OperationsPerService, forget)
	i.folding.folder = window.NewFolder(size, i.names)
	for range cfg.Shards {
		i.shards = append(i.shards, newShard(&i.cfg, &i.folding, i.names, i.producers, i.known))
	}
	i.scratch.New = func() any { return newScratch(cfg.Shards) }
	return i, nil
}

// scratch is what one call of Traces or Metrics works with.
type scratch struct {
	tally
	in         interner
	attributes attributes

	byName [len(namingSlots)]bool // by kind: the last span was named by its name

	state       string // of the last span with a tracestate that could be read
	stateWeight float64
	noted       noted
	thin        thinView
	links       []identity.Span
	more        []callgraph.More

	arrivals     []arrival
	latest       int64   // end of the latest of them, ns
	unordered    bool    // one ended before another that came before it, by more than the allowed lateness
	heads, tails []int32 // per shard: first (or -1) and last arrival
	touched      []int

	points []window.Point
	told   durations.Point
	// durations counts the points of histograms of durations that were used.
	durations int
	owners    []identity.Instance
	labels    labels
}

func newScratch(shards int) *scratch {
	s := &scratch{heads: make([]int32, shards), tails: make([]int32, shards)}
	for k := range s.heads {
		s.heads[k] = -1
	}
	return s
}

// maxScratch bounds what a scratch keeps between batches.
const maxScratch = 8192

// release empties s, so that it holds no string of the batch, and keeps it for the next.
func (i *Ingester) release(s *scratch) {
	s.tally = tally{}
	s.attributes = attributes{}
	s.state, s.stateWeight, s.links, s.noted = "", 0, s.links[:0], noted{}
	s.thin = thinView{}
	clear(s.more)
	s.more = s.more[:0]
	clear(s.owners)
	s.labels = labels{}
	s.arrivals, s.points, s.owners = s.arrivals[:0], s.points[:0], s.owners[:0]
	s.latest, s.unordered, s.durations = 0, false, 0
	if cap(s.arrivals) > maxScratch || cap(s.points) > maxScratch {
		s.arrivals, s.points, s.links, s.more = nil, nil, nil, nil
	}
	i.scratch.Put(s)
}

// keepAlive notes that something was accepted while the wall clock was at now.
func (i *Ingester) keepAlive(now time.Time) { i.accepted.Store(now.UnixNano()) }

// admitInstance returns the name of a replica as it is to be known: "" where
// there are more replicas than are told apart.
func (i *Ingester) admitInstance(in identity.Instance, now int64) (string, bool) {
	if in.ID == "" || i.instances.Touch(in, now) {
		return in.ID, true
	}
	in.ID = strings.Clone(in.ID)
	in.Service = identity.Service{Namespace: strings.Clone(in.Service.Namespace), Name: strings.Clone(in.Service.Name)}
	if !i.instances.Put(in, struct{}{}, now) {
		return "", false
	}
	return in.ID, true
}
