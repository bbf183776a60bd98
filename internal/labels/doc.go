// Package labels reads and writes the ground truth beside a capture: what was
// broken, when, and what a verdict should name. It is JSON:
//
//	{
//	  "application": "shop",
//	  "entry": {"service": "storefront", "operation": "POST /orders",
//	            "quantile": 0.99, "threshold_s": 0.07},
//	  "window_s": 10,
//	  "incidents": [
//	    {"fault": "cpu_contention",
//	     "start": "2026-01-05T00:30:12Z", "end": "2026-01-05T00:33:12Z",
//	     "culprits": [{"service": "payment", "mechanism": "cpu"}]},
//	    {"fault": "deploy", "decoy": true,
//	     "start": "2026-01-05T00:40:00Z", "end": "2026-01-05T00:43:00Z"}
//	  ]
//	}
//
// entry is the request whose latency is watched: an objective of quantile q is
// violated in a window where the q-quantile is above the threshold. It may be
// left out, and so may window_s; then the reader chooses.
//
// A culprit is one service. "also" lists others that are as right, such as the
// other end of a slow link; "instance" names the one replica that is to blame,
// where it is one; "mechanism" is one of cpu, memory, disk, network, pool, retry,
// traffic, gc, queue_wait, error_rate, change, and latent where no metric can tell; left out where it
// is not known. A decoy has no culprits: nothing should be raised.
//
// An older form with one culprit per fault is read as well, and never written:
//
//	{"faults": [{"fault": "db-delay", "service": "mysql", "mechanism": "latent", "start": .., "end": ..}]}
package labels
