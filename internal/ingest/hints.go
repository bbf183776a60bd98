package ingest

import "strings"

// hint is a set of what words of a metric's name tell.
type hint uint64

const (
	ofCPU hint = 1 << iota
	ofMemory
	ofSwap
	ofPage
	ofFault
	ofMajor
	ofOOM
	ofPressure
	ofThrottle
	ofEvent
	ofLoop
	ofDisk
	ofIO
	ofReadWrite
	ofBlock // what is read and written of disks only
	ofNetwork
	ofTransfer
	ofByte
	ofSocket
	ofGC
	ofPool
	ofThread
	ofTask
	ofLock
	ofContention
	ofQueue
	ofMessage
	ofLag
	ofWaiting
	ofTimeout
	ofSteal
	ofSwitch
	ofContext
	ofLoad
	ofAverage
	ofSystem

	// How much of it.
	ofUse
	ofShare
	ofPercent
	ofBusy
	ofFree
	ofAlloc
	ofTotal
	ofCount
	ofCached
	ofTime
	ofLoss
	ofError
	ofPeriod

	// What says that it is no resource.
	ofLatency
	ofRequest
	ofOutcome
	ofLimit
	ofAbout
)

// hints are what words tell, in the singular. Words that are not there tell nothing.
var hints = func() map[string]hint {
	out := make(map[string]hint)
	for _, line := range []struct {
		of    hint
		words string
	}{
		{ofCPU, "cpu cpuusage cpuutil cpuload mcpu vcpu processortime"},
		{ofMemory, "memory mem heap ram rss wss pss workingset memused memusage memutil memoryusage memoryused memtotal memfree"},
		{ofFree, "memfree memavailable"},
		{ofTotal, "memtotal"},
		{ofSwap, "swap swp paging pagein pageout"},
		{ofPage, "page pg"},
		{ofFault, "fault pgfault pgmajfault majfault pagefault failure"},
		{ofMajor, "major maj pgmajfault majfault hard"},
		{ofOOM, "oom oomkill oomkilled"},
		{ofPressure, "pressure psi stall stalled"},
		{ofThrottle, "throttled throttle throttling"},
		{ofEvent | ofLoop, "eventloop"},
		{ofEvent, "event"},
		{ofLoop, "loop"},
		{ofDisk, "disk dsk localdisk diskio blkio blockio fs filesystem hdd ssd vfs diskread diskwrite diskusage diskutil"},
		{ofIO, "io diskio blkio blockio iop iowait ioutil"},
		{ofReadWrite, "read write written diskread diskwrite"},
		{ofBlock, "syscall physical sector block iop"},
		{ofWaiting, "iowait"},
		{ofNetwork, "network net netif nic eth ens tcp udp rx tx bandwidth packet pkt netin netout netio rxbyte txbyte"},
		{ofTransfer, "receive received rcv rcvd recv transmit transmitted xmit sent send"},
		{ofByte, "byte octet kb kbs mb mbs kbyte mbyte gb kib mib gib kilobyte megabyte"},
		{ofSocket, "socket sock sockstat"},
		{ofGC, "gc fgc ygc fullgc younggc garbage gctime gccount gcpause"},
		{ofPool, "pool conn connection session sess worker goroutine fiber executor fd fds descriptor handle semaphore permit"},
		{ofPool | ofThread, "thread threadcount threadpool"},
		{ofTask, "task job"},
		{ofLock, "lock mutex monitor latch"},
		{ofContention, "contention contended"},
		{ofQueue, "queue queued backlog queuelength queuesize queuedepth runqueue"},
		{ofMessage, "consumer kafka topic partition broker rabbitmq amqp sqs message msg unacked subscription"},
		{ofLag, "lag"},
		{ofWaiting, "wait waiting waiter pending blocked exhausted acquire acquisition starved starvation await unacked"},
		{ofTimeout, "timeout"},
		{ofSteal, "steal stolen"},
		{ofSwitch, "switch switche"},
		{ofContext, "context ctx ctxt"},
		{ofLoad, "load loadavg loadaverage"},
		{ofAverage, "avg average loadavg loadaverage"},
		{ofSystem, "system node host machine"},

		{ofUse, "usage use used util utilization utilisation utilized consumption consumed busy active working percent pct perc " +
			"percentage cpuusage cpuutil memused memusage memutil memoryusage memoryused diskusage diskutil ioutil"},
		{ofShare, "percent pct perc percentage util utilization utilisation ratio rate share"},
		{ofPercent, "percent pct perc percentage"},
		{ofBusy, "busy"},
		{ofFree, "free available avail idle freeable unused remaining"},
		{ofAlloc, "alloc allocated allocation promoted live"},
		{ofTotal, "total"},
		{ofCount, "count number num core"},
		{ofCached, "cache cached buffer buffered buff virtual vsz vms shared committed mapped inactive init soft"},
		{ofTime, "time"},
		{ofLoss, "drop dropped discard discarded retran retransmit retransmitted retransmission retransmit loss lost"},
		{ofError, "error err"},
		{ofPeriod, "period"},

		{ofLatency, "latency latencie duration elapsed delay rtt"},
		{ofRequest, "request req"},
		{ofOutcome, "success successe successful fail failed response rps qps tps hit miss misse " +
			"completed processed finished accepted rejected opened closed"},
		{ofLimit, "limit quota capacity spec reservation requested max maximum target desired threshold allocatable config configured goal"},
		{ofAbout, "uptime up start started startup age info version build boot created timestamp statu status health temperature " +
			"frequency freq mhz credit balance restart"},
	} {
		for w := range strings.FieldsSeq(line.words) {
			out[w] |= line.of
		}
	}
	return out
}()

// begin are how words begin that are written together with others ("cpupercent").
var begin = []struct {
	with string
	of   hint
}{
	{"cpu", ofCPU},
	{"memory", ofMemory},
	{"heap", ofMemory},
	{"disk", ofDisk},
	{"network", ofNetwork},
	{"socket", ofSocket},
	{"thread", ofPool | ofThread},
	{"throttl", ofThrottle},
}

func hintOf(word string) hint {
	word = singular(word)
	if c, ok := hints[word]; ok {
		return c
	}
	for _, b := range begin {
		if strings.HasPrefix(word, b.with) {
			return b.of
		}
	}
	return 0
}

// hintsOf returns what the words of a name tell together, and what those tell that follow
// one which says that they are of a host: "system", wherever it is, and others first.
func hintsOf(words []string) (all, ofHosts hint) {
	var before hint
	for k, w := range words {
		c := hintOf(w)
		if before&ofSystem != 0 && (k == 1 || words[k-1] == "system") {
			ofHosts |= c
		}
		all |= c
		before = c
	}
	return all, ofHosts
}
