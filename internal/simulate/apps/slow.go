package apps

import (
	"math"

	"github.com/sage-rca/sage/internal/simulate"
)

// maxBusy is the utilisation at which a queue is taken to be full: its stationary
// mean is reached only after longer than a fault lasts.
const maxBusy = 0.97

// slowness is what one service suffers.
type slowness struct {
	cpu, disk float64 // seconds per second of work, alone
	crowd     float64 // seconds per second of CPU work on top, on average: of others' requests
	latent    float64 // seconds per request, of the share badShare of them
	badShare  float64
	send      float64 // seconds per message sent
	loss      float64 // of messages sent
	fail      float64 // share of the calls to it that fail at once and are tried again
	work      float64 // factor of the work of requests
	hogs      float64 // threads in each container
	limit     float64 // cores of each container
	taken     float64 // share of the disk's time
	pressure  float64 // share of the memory
	paused    float64 // share of the time in collections
	pause     float64 // seconds of one
}

// afflict adds a fault of the service, which has the given number of replicas.
func (s *slowness) afflict(f *simulate.Fault, replicas int) {
	switch f.Kind {
	case simulate.CPUContention, simulate.OffPath:
		s.hogs += f.Size
	case simulate.Throttling:
		s.limit = f.Size
	case simulate.MemoryPressure:
		s.pressure = f.Size
	case simulate.DiskContention:
		s.taken = f.Size
	case simulate.SlowDependency:
		s.work = f.Size
	case simulate.NetworkDelay, simulate.Blip:
		s.send += f.Size
	case simulate.PacketLoss:
		s.loss = f.Size
	case simulate.Regression:
		s.latent, s.badShare = f.Size, 1
	case simulate.BadReplica:
		s.latent, s.badShare = f.Size, 1/float64(max(1, replicas))
	case simulate.RetryStorm:
		s.fail = f.Size
	default: // does nothing to the requests of a service
	}
}

// slow sets what every service suffers from load and faults.
func (w *walk) slow(faults []simulate.Fault) {
	app := w.app
	loads := make([]demand, len(app.Services))
	for i, e := range app.Entries {
		for _, f := range faults {
			if f.Kind == simulate.TrafficSurge && f.Entry == i {
				e.Rate *= f.Size
			}
		}
		addDemand(app, loads, e)
	}
	w.services = make([]slowness, len(app.Services))
	cores := make([]float64, len(app.Hosts)) // used
	disks := make([]float64, len(app.Hosts)) // used
	hogs := make([]float64, len(app.Hosts))
	for i := range faults {
		if faults[i].Kind == simulate.HostContention {
			hogs[faults[i].Host] += faults[i].Size
		}
	}
	for s := range app.Services {
		svc, own := &app.Services[s], &w.services[s]
		*own = slowness{work: 1, limit: math.Inf(1)}
		if svc.CPULimit > 0 {
			own.limit = svc.CPULimit
		}
		for i := range faults {
			if faults[i].Service == s {
				own.afflict(&faults[i], len(svc.Hosts))
			}
		}
		for _, h := range svc.Hosts {
			n := float64(len(svc.Hosts))
			cores[h] += loads[s].cpu * own.work / n
			disks[h] += loads[s].disk * own.work / n / (1 - own.taken) / app.Hosts[h].DiskRate
		}
	}
	for s := range app.Services {
		w.contend(s, loads[s], cores, disks, hogs)
	}
}

// contend sets how much longer work takes at service s, by what its containers do
// and, on average over their hosts, what else runs there.
func (w *walk) contend(s int, d demand, cores, disks, hogs []float64) {
	svc, own := &w.app.Services[s], &w.services[s]
	n := float64(max(1, len(svc.Hosts)))
	var hostCPU, hostDisk float64
	for _, h := range svc.Hosts {
		host := &w.app.Hosts[h]
		hostCPU += hostStretch(host.Cores, cores[h], hogs[h]) / n
		hostDisk += 1 / host.DiskRate / (1 - min(maxBusy, disks[h])) / n
	}
	// A thread gets at most one core, and its share of the limit beside the hogs.
	speed := min(1, own.limit/(1+own.hogs))
	busy := min(maxBusy, d.cpu*own.work/n/own.limit)
	own.cpu = own.work * hostCPU / speed
	own.crowd = own.cpu * (1/(1-math.Pow(busy, max(1, own.limit))) - 1)
	missing := missingPages(own.pressure)
	own.cpu += own.work * pagingPerCPU * missing
	own.disk = own.work * hostDisk / (1 - own.taken)
	if svc.GC.HeapMiB > 0 {
		room := max(0.1, 1-missing)
		own.pause = svc.GC.Pause.Mean / room
		own.paused = min(maxBusy, d.alloc/n/(svc.GC.HeapMiB*room)*own.pause)
	}
}

// pagingPerCPU is how long work waits for pages per second of it if all are
// missing: 200,000 faults of 0.1 ms, as package simulate has it.
const pagingPerCPU = 20

// missingPages is the share of pages that are missing where a share of the memory
// is taken, of which 0.8 is spare, as package simulate has it.
func missingPages(taken float64) float64 { return max(0, (taken-0.8)/0.2) }

// hostStretch is how much longer a thread takes on a host of the given cores, of
// which load are used on average, beside hogs. With n threads of load at the speed
// cores/(hogs+n+1), n = load/speed, so the speed is (cores-load)/(hogs+1).
func hostStretch(cores, load, hogs float64) float64 {
	load = min(load, maxBusy*cores)
	return max(1, (1+hogs)/(cores-load)) / (1 - math.Pow(load/cores, cores))
}
