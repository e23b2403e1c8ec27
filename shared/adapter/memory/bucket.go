package memory

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"waymark/shared/domain/fault"
)

// Bucket keeps what bucket.Bucket keeps. It is safe for concurrent use.
type Bucket struct {
	Now func() time.Time // when objects are written; time.Now unless set

	mu      sync.Mutex
	objects map[string]object
}

type object struct {
	contentType string
	body        []byte
	written     time.Time
}

// NewBucket is an empty bucket.
func NewBucket() *Bucket { return &Bucket{Now: time.Now, objects: map[string]object{}} }

// Put is bucket.Bucket.Put.
func (b *Bucket) Put(_ context.Context, key, contentType string, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.objects[key] = object{contentType, slices.Clone(body), b.Now()}
	return nil
}

// Get is bucket.Bucket.Get.
func (b *Bucket) Get(_ context.Context, key string) ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	found, ok := b.objects[key]
	if !ok {
		return nil, fault.Newf(fault.NotFound, "no_such_object", "there is no object %s", key)
	}
	return append([]byte{}, found.body...), nil
}

// ContentType says as what an object was written; "" when there is none.
func (b *Bucket) ContentType(key string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.objects[key].contentType
}

// Open is bucket.Bucket.Open.
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	body, err := b.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	return io.NopCloser(bytes.NewReader(body)), nil
}

// Delete is bucket.Bucket.Delete.
func (b *Bucket) Delete(_ context.Context, key string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.objects, key)
	return nil
}

// Keys is bucket.Bucket.Keys.
func (b *Bucket) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		keys, err := b.List(ctx, prefix)
		if err != nil {
			yield("", err)
			return
		}
		for _, key := range keys {
			if !yield(key, nil) {
				return
			}
		}
	}
}

// KeysSince is bucket.Bucket.KeysSince.
func (b *Bucket) KeysSince(ctx context.Context, prefix string, since time.Time) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for key, err := range b.Keys(ctx, prefix) {
			b.mu.Lock()
			isEarlier := b.objects[key].written.Before(since.Truncate(time.Second))
			b.mu.Unlock()
			if err == nil && isEarlier {
				continue
			}
			if !yield(key, err) {
				return
			}
		}
	}
}

// List is bucket.Bucket.List.
func (b *Bucket) List(_ context.Context, prefix string) ([]string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var keys []string
	for key := range b.objects {
		if strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// PresignGet makes an address that leads nowhere, but tells which object under which name and for how long.
func (b *Bucket) PresignGet(_ context.Context, key, filename string, ttl time.Duration) (string, error) {
	query := url.Values{"filename": {filename}, "seconds": {fmt.Sprint(int(ttl.Seconds()))}}
	return "memory:///" + url.PathEscape(key) + "?" + query.Encode(), nil
}
