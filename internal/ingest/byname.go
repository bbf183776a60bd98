package ingest

// aspect is what a metric is of that no catalogue knows, by the words of its name. Package
// rca knows what a rise of each says.
type aspect struct {
	name string
	of   scarce
	// short says that it tells what is short, which is kept before what is used: see namings.
	short bool
	going going
}

// scarce is what of a service's named metrics is bounded on its own: see named.
type scarce uint8

const (
	cpus scarce = iota
	memories
	collectors
	disks
	networks
	pools
	queues
)

// going says how the values of a metric go.
type going uint8

const (
	levels  going = iota // up and down: a counter of that name tells something else
	either               // a counter is read as one
	growing              // it may be a counter that comes as a gauge
)

// naming is a rule by which words tell an aspect: all of all are there, one of any, where
// there is any, and none of none.
type naming struct {
	all, any, none hint
	aspect         aspect
}

const lengthy = ofLatency | ofTime

// namings are the rules, of which the first counts that holds.
var namings = [...]naming{
	{all: ofThrottle, any: ofCPU | ofPeriod, aspect: aspect{"cpu_throttled", cpus, true, growing}},
	{all: ofGC, none: ofMemory | ofAlloc, aspect: aspect{"gc", collectors, true, growing}},
	{all: ofEvent | ofLoop, aspect: aspect{"cpu_eventloop", cpus, true, either}},
	{all: ofPressure | ofCPU, aspect: aspect{"cpu_wait", cpus, true, growing}},
	{all: ofPressure | ofMemory, aspect: aspect{"memory_wait", memories, true, growing}},
	{all: ofPressure, any: ofDisk | ofIO, aspect: aspect{"disk_wait", disks, true, growing}},
	{all: ofOOM, aspect: aspect{"memory_oom", memories, true, growing}},
	{all: ofSwap, none: ofFree | lengthy, aspect: aspect{"memory_swap", memories, true, either}},
	{all: ofFault | ofMajor, aspect: aspect{"memory_major_faults", memories, true, growing}},
	{all: ofFault, any: ofPage | ofMemory, aspect: aspect{"memory_faults", memories, false, growing}},
	{all: ofIO | ofWaiting, aspect: aspect{"disk_wait", disks, true, growing}},

	{all: ofMemory | ofAlloc, none: lengthy, aspect: aspect{"memory_alloc", memories, false, growing}},
	{all: ofMemory | ofFree, none: lengthy, aspect: aspect{"memory_free", memories, false, levels}},
	{all: ofMemory | ofPercent, none: lengthy, aspect: aspect{"memory_percent", memories, false, levels}},
	{all: ofMemory | ofShare, none: lengthy, aspect: aspect{"memory_share", memories, false, levels}},
	{all: ofMemory, none: lengthy, aspect: aspect{"memory", memories, false, levels}},

	{all: ofCPU | ofFree, aspect: aspect{"cpu_idle", cpus, false, growing}},
	{all: ofCPU, any: ofWaiting | ofSteal | ofQueue, aspect: aspect{"cpu_wait", cpus, true, growing}},
	{all: ofSwitch, any: ofCPU | ofContext, aspect: aspect{"cpu_context_switches", cpus, false, growing}},
	{all: ofLoad, any: ofAverage, aspect: aspect{"cpu_load", cpus, false, levels}},
	{all: ofLoad, any: ofSystem, none: ofCPU, aspect: aspect{"cpu_load", cpus, false, levels}},
	{all: ofCPU, aspect: aspect{"cpu", cpus, true, growing}},

	{all: ofDisk, any: ofWaiting | ofQueue | lengthy, aspect: aspect{"disk_wait", disks, true, growing}},
	{all: ofDisk | ofIO | ofShare, none: ofReadWrite, aspect: aspect{"disk_wait", disks, true, levels}},
	{all: ofDisk | ofBusy, none: ofReadWrite, aspect: aspect{"disk_wait", disks, true, levels}},
	{all: ofDisk | ofFree, aspect: aspect{"disk_free", disks, false, levels}},
	{all: ofDisk | ofUse, none: ofIO | ofReadWrite, aspect: aspect{"disk_space", disks, false, levels}},
	{all: ofDisk, aspect: aspect{"disk", disks, false, growing}},

	{all: ofNetwork, any: ofLoss | ofError, none: lengthy, aspect: aspect{"network_loss", networks, true, growing}},
	{all: ofSocket, none: lengthy, aspect: aspect{"network_sockets", networks, false, levels}},
	{all: ofNetwork, none: lengthy | ofPool, aspect: aspect{"network", networks, false, growing}},
	{all: ofTransfer, any: ofByte | ofQueue, none: lengthy | ofPool | ofMessage, aspect: aspect{"network", networks, false, growing}},

	{all: ofIO, any: ofReadWrite | ofUse | ofByte | ofCount | ofTime, aspect: aspect{"disk", disks, false, growing}},
	{all: ofReadWrite, any: ofBlock | ofByte, none: lengthy, aspect: aspect{"disk", disks, false, growing}},

	{all: ofMessage, any: ofLag | ofQueue | ofWaiting, none: lengthy, aspect: aspect{"queue_wait", queues, true, levels}},
	{all: ofWaiting, any: ofPool | ofTask | ofLock | ofRequest | ofQueue, aspect: aspect{"pool_wait", pools, true, either}},
	{all: ofTimeout, any: ofPool | ofLock, aspect: aspect{"pool_wait", pools, true, growing}},
	{all: ofLock | ofContention, aspect: aspect{"pool_wait", pools, true, growing}},
	{all: ofQueue, aspect: aspect{"pool_wait", pools, true, levels}},
	{all: ofPool, none: lengthy | ofFree, aspect: aspect{"pool", pools, false, levels}},
}

// maxNamed bounds the bytes of a name whose words are looked at: what is made of it must
// fit into a name.
const maxNamed = 200

// hearsay is what the words of a metric's name tell.
type hearsay struct {
	aspect  aspect
	known   bool // of a resource
	host    bool // of the host's
	symptom bool // of none, but of how requests fare, or how many there are
	setting bool // of what is allowed, or what something is
	words   int
}

// tellName returns what the words of a name tell.
func tellName(name string) hearsay {
	if len(name) > maxNamed {
		return hearsay{}
	}
	words := wordsOf(name)
	all, ofHosts := hintsOf(words)
	switch {
	case isSymptom(all):
		return hearsay{symptom: true}
	case isSetting(all):
		return hearsay{setting: true}
	}
	const host = ofCPU | ofMemory | ofDisk | ofNetwork | ofLoad | ofSwap | ofIO
	for k := range namings {
		n := &namings[k]
		if all&n.all == n.all && (n.any == 0 || all&n.any != 0) && all&n.none == 0 {
			return hearsay{aspect: n.aspect, known: true, host: ofHosts&host != 0, words: len(words)}
		}
	}
	return hearsay{}
}

// isSymptom reports whether words tell how requests fare, or how many there are: what a
// fault does, and no reason for it. Requests that wait, and what takes long that is done
// for them, may be reasons.
func isSymptom(all hint) bool {
	switch {
	case all&ofOutcome != 0:
		return true
	case all&ofRequest != 0:
		return all&(ofWaiting|ofQueue) == 0
	case all&ofLatency != 0:
		return all&(ofGC|ofDisk|ofIO|ofWaiting|ofQueue|ofThrottle|ofLoop) == 0
	}
	return all&ofError != 0 && all&ofNetwork == 0
}

// isSetting reports whether words tell what something is, or what is allowed or there, which
// nobody uses up: a limit, but no share of one.
func isSetting(all hint) bool {
	switch {
	case all&ofAbout != 0:
		return true
	case all&ofUse != 0:
		return false
	case all&ofLimit != 0, all&ofMemory != 0 && all&ofCached != 0:
		return true
	case all&(ofMemory|ofSwap) != 0 && all&ofTotal != 0:
		return all&(ofFault|ofAlloc|ofPressure|ofOOM) == 0
	}
	return all&ofCPU != 0 && all&(ofCount|ofPeriod) != 0 && all&(ofThrottle|ofSwitch) == 0
}
