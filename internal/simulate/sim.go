package simulate

import "time"

// sim is the state of a run.
type sim struct {
	app   *App
	cfg   Config
	sink  Sink
	model *model

	now      time.Duration
	events   eventHeap
	timers   timers
	requests slab[request]
	attempts slab[attempt]
	hosts    []host
	services []service
	replicas []replica // by service, then as in Service.Hosts
	sources  []source
	entryRPC []int32
	active   []bool // faults
	inFlight int
	stats    Stats

	span          Span // the one that is handed out
	replicaStates []ReplicaState
	poolStates    []poolState // by replica
	hostStates    []HostState
}

func newSim(app *App, cfg Config, sink Sink) *sim {
	if cfg.MaxInFlight == 0 {
		cfg.MaxInFlight = defaultInFlight
	}
	s := &sim{app: app, cfg: cfg, sink: sink, model: newModel(app), active: make([]bool, len(cfg.Faults))}
	root := stream(cfg.Seed).child(0)
	for i := range app.Hosts {
		h := &app.Hosts[i]
		s.hosts = append(s.hosts, host{cores: h.Cores, level: 1, disk: disk{rate: h.DiskRate, queue: newFIFO()}})
	}
	for i := range app.Services {
		s.addService(int32(i), root)
	}
	s.timers = newTimers(len(s.replicas))
	s.replicaStates = make([]ReplicaState, 0, len(s.replicas))
	s.hostStates = make([]HostState, len(s.hosts))
	s.scheduleFaults()
	s.addSources(root)
	if cfg.SampleEvery > 0 {
		s.events.push(cfg.SampleEvery, evSample, 0, 0)
	}
	return s
}

func (s *sim) addService(i int32, root stream) {
	svc := &s.app.Services[i]
	v := service{first: int32(len(s.replicas)), n: int32(len(svc.Hosts)), hidden: svc.Uninstrumented}
	v.healthy()
	s.services = append(s.services, v)
	for j, h := range svc.Hosts {
		id := int32(len(s.replicas))
		r := replica{
			service: i, ordinal: int32(j), host: int32(h),
			up:      true,
			workers: int32(svc.Workers),
			waiting: newFIFO(),
			garbage: garbage{
				limit:  svc.GC.HeapMiB,
				pause:  newLaw(svc.GC.Pause),
				stream: root.child(forPause).child(uint64(id)),
			},
		}
		r.cpu.limit = s.limitOf(&r)
		for _, p := range svc.Pools {
			r.pools = append(r.pools, pool{size: int32(p.Size), normal: int32(p.Size), queue: newFIFO()})
		}
		s.replicas = append(s.replicas, r)
		s.poolStates = append(s.poolStates, newPoolState(len(svc.Pools)))
		s.hosts[h].replicas = append(s.hosts[h].replicas, id)
	}
}

// addSources sets up the arrivals of all entries, and those that surges add.
func (s *sim) addSources(root stream) {
	for i := range s.app.Entries {
		e := &s.app.Entries[i]
		key := root.child(forEntry).child(uint64(i))
		s.entryRPC = append(s.entryRPC, int32(e.RPC))
		s.addSource(source{entry: int32(i), scale: 1, drift: newDrift(e, key.child(forWander)), stream: key.child(forRequest), to: s.cfg.Duration})
		for j := range s.cfg.Faults {
			f := &s.cfg.Faults[j]
			if f.Kind != TrafficSurge || f.Entry != i {
				continue
			}
			s.addSource(source{
				entry: int32(i), scale: f.Size - 1,
				drift:  newDrift(e, key.child(forWander)),
				stream: key.child(forSurge).child(uint64(f.Start)),
				at:     f.Start, to: min(f.End, s.cfg.Duration),
			})
		}
	}
}

func (s *sim) addSource(a source) {
	at := a.next()
	s.sources = append(s.sources, a)
	if at < never {
		s.events.push(at, evArrival, int32(len(s.sources)-1), 0)
	}
}

func (s *sim) scheduleFaults() {
	for i := range s.cfg.Faults {
		f := &s.cfg.Faults[i]
		s.events.push(f.Start, evFaultOn, int32(i), 0)
		s.events.push(f.End, evFaultOff, int32(i), 0)
		if f.Kind == Restart {
			s.scheduleRestarts(f)
		}
	}
}

// scheduleRestarts takes the replicas of a service out one after the other.
func (s *sim) scheduleRestarts(f *Fault) {
	v := &s.services[f.Service]
	at := f.Start
	for i := int32(0); i < v.n && at < f.End; i++ {
		if f.Replica >= 0 && int32(f.Replica) != i {
			continue
		}
		s.events.push(at, evDown, v.first+i, 0)
		at = min(at+time.Duration(f.Size*float64(time.Second)), f.End)
		s.events.push(at, evUp, v.first+i, 0)
	}
}

// index returns the index of a replica.
func (s *sim) index(r *replica) int32 { return s.services[r.service].first + r.ordinal }
