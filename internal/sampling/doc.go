// Package sampling says what a share of all requests the spans show, and whether it is
// a fair one.
//
// Head sampling is fair, and corrected where spans carry their threshold (ot=th in
// tracestate). Tail sampling is not: who has seen whole traces keeps the slow and the
// failed ones. Then shares of bad requests, quantiles and what would have been say
// nothing about the requests that were served. It is recognised
//
//   - by its marks, where a sampler leaves any (window.Sampled.Kept);
//   - by its edge: most operations, three at least, show hardly any request below one
//     and the same duration L, right above which many lie. That is the threshold of a
//     policy that keeps what is slow, and nothing that operations have in common.
//
// Such an edge looks like this:
//
//	GET /       |          ##
//	            |          #####
//	POST /order |          #
//	            |    .     ########
//	            +----------+------------> duration
//	                       L
//
// An edge counts only where it is there from the first windows on: what changes later is
// what is to be found, not how it was looked at. What was found goes on after a restart,
// where it is kept (Detector.MarshalBinary).
package sampling
