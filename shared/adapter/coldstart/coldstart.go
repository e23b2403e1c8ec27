// Package coldstart puts off what a Lambda function needs only once an event is there: rules that take time to prepare, clients that not every
// event needs. So the function is ready to be asked sooner, and a start that no event follows costs nearly nothing. It is not for settings, whose
// faults must stop the start.
//
//	lambda.Start(coldstart.Deferred((*process.Handler).Handle, func() (*process.Handler, error) { … }))
package coldstart

import (
	"context"
	"sync"
)

// Deferred is a handler for lambda.Start that makes what handles its events, an H, when the first one comes. It makes it once; an error of
// making it is the answer to every event.
func Deferred[H, E, A any](handle func(H, context.Context, E) (A, error), newHandler func() (H, error)) func(context.Context, E) (A, error) {
	made := sync.OnceValues(newHandler)
	return func(ctx context.Context, e E) (A, error) {
		h, err := made()
		if err != nil {
			var none A
			return none, err
		}
		return handle(h, ctx, e)
	}
}

// Bytes is a lambda.Handler, which reads the payload itself.
type Bytes func(ctx context.Context, payload []byte) ([]byte, error)

// Invoke calls f.
func (f Bytes) Invoke(ctx context.Context, payload []byte) ([]byte, error) { return f(ctx, payload) }
