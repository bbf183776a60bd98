// Package longpoll recognises by their shape operations whose requests wait rather
// than work where no convention says so: polls that are answered when there is
// something to say, or else when their time is up.
//
// What a poll shows is a wall: a good part of the requests that succeed end after the
// same time, a second or more, none takes longer, and others are answered early. The
// wall stands at the same place window after window, for as long as the operation is
// known. Work is not like that, and neither is a fault: what becomes slow later, also
// by a constant delay, was without a wall before and is judged as ever.
//
//	share
//	  |#                         #
//	  |##                        #
//	  |####   #   #              #
//	  +--------------------------+----> duration
//	   answered early            T: time is up
//
// Who calls one that polls, and does little else, waits as well.
//
// A Filter takes windows in order and returns them with the requests of such operations
// where those of streams are (window.RPC.Stream). What is not decided yet is held back
// while it looks like a poll, so that nothing opens from it.
package longpoll
