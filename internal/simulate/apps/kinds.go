package apps

import "github.com/sage-rca/sage/internal/simulate"

// faultKinds are the faults in the order of package simulate.
var faultKinds = []simulate.FaultKind{
	simulate.CPUContention, simulate.HostContention, simulate.Throttling, simulate.MemoryPressure,
	simulate.DiskContention, simulate.NetworkDelay, simulate.PacketLoss, simulate.SlowDependency,
	simulate.PoolExhaustion, simulate.Regression, simulate.BadReplica, simulate.TrafficSurge,
	simulate.RetryStorm, simulate.CacheCollapse,
}

// decoyKinds are the decoys.
var decoyKinds = []simulate.FaultKind{
	simulate.Deploy, simulate.OffPath, simulate.Blip, simulate.MetricGap, simulate.Restart,
}

// mechanisms are how each fault does harm.
var mechanisms = map[simulate.FaultKind]string{
	simulate.CPUContention:  "cpu",
	simulate.HostContention: "cpu",
	simulate.Throttling:     "cpu",
	simulate.MemoryPressure: "memory",
	simulate.DiskContention: "disk",
	simulate.NetworkDelay:   "network",
	simulate.PacketLoss:     "network",
	simulate.SlowDependency: "latent",
	simulate.PoolExhaustion: "pool",
	simulate.Regression:     "latent",
	simulate.BadReplica:     "latent",
	simulate.TrafficSurge:   "traffic",
	simulate.RetryStorm:     "retry",
	simulate.CacheCollapse:  "latent",
}
