// Package hotrod runs Jaeger's HotROD, an application that nobody here wrote, as
// four processes that export OTLP, drives load through it, and makes real faults
// happen in it. The end-to-end tests, `sage demo --live` and the recording of
// testdata/hotrod.jsonl.zst stand on it.
//
// HotROD answers GET /dispatch?customer=ID of the frontend as follows; services
// in brackets are simulated inside the process before them, and send CLIENT spans
// only:
//
//	frontend --HTTP--> customer [mysql]         once
//	         --gRPC--> driver   [redis-manual]  once; 1 + 10 queries in sequence, and a
//	                                            retry of each fifth, which fails
//	         --HTTP--> route                    10 times, over a pool of workers that
//	                                            all requests share
package hotrod
