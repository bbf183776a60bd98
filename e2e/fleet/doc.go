// Package fleet holds the tests of several Collectors that conclude together: those of
// a first tier, each of which sees some of the traces and tells what it has seen of a
// window in metrics, and one that adds these up and judges. In go test they run in one
// process and talk over loopback; with the build tag e2e they are built Collectors.
package fleet
