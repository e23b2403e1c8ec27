package adaptertest

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"testing"
	"time"

	"waymark/shared/domain/fault"
)

// BucketUnderTest is everything that a bucket does.
type BucketUnderTest interface {
	Put(ctx context.Context, key, contentType string, body []byte) error
	Get(ctx context.Context, key string) ([]byte, error)
	Open(ctx context.Context, key string) (io.ReadCloser, error)
	Delete(ctx context.Context, key string) error
	Keys(ctx context.Context, prefix string) iter.Seq2[string, error]
	KeysSince(ctx context.Context, prefix string, since time.Time) iter.Seq2[string, error]
	List(ctx context.Context, prefix string) ([]string, error)
	PresignGet(ctx context.Context, key, filename string, ttl time.Duration) (string, error)
}

// OpenBucket gives the bucket that is tested.
type OpenBucket func(t *testing.T) BucketUnderTest

// Bucket holds a bucket to its promises.
func Bucket(t *testing.T, open OpenBucket) {
	t.Helper()
	t.Run("objects", func(t *testing.T) { objects(t, open(t)) })
	t.Run("lists", func(t *testing.T) { lists(t, open(t)) })
	t.Run("presigned addresses", func(t *testing.T) { presigned(t, open(t)) })
}

func objects(t *testing.T, bucket BucketUnderTest) {
	ctx := t.Context()
	for key, body := range map[string][]byte{
		"objects/empty":                           {},
		"objects/bytes":                           {0, 0xff, 0xfe, '\r', '\n', 0x28, 0xB5, 0x2F, 0xFD},
		"objects/large":                           []byte(noise(6 << 20)),
		"objects/a b+c&d=ü?日本#x%20.csv":           []byte("strange key"),
		"objects/workspace=shop/day=2026-11-22/x": []byte("equals signs"),
	} {
		_, err := bucket.Get(ctx, key)
		wantFault(t, "Get before Put of "+key, err, fault.NotFound, "no_such_object")
		must(t, bucket.Put(ctx, key, "text/plain", []byte("before")))
		must(t, bucket.Put(ctx, key, "text/csv; charset=utf-8", body))
		got, err := bucket.Get(ctx, key)
		must(t, err)
		if !slices.Equal(got, body) {
			t.Errorf("Get %s: %d bytes that are not the %d put", key, len(got), len(body))
		}
		stream, err := bucket.Open(ctx, key)
		must(t, err)
		got, err = io.ReadAll(stream)
		must(t, err)
		must(t, stream.Close())
		equal(t, "bytes of Open "+key, len(got), len(body))
		for range 2 {
			must(t, bucket.Delete(ctx, key))
		}
		_, err = bucket.Open(ctx, key)
		wantFault(t, "Open after Delete of "+key, err, fault.NotFound, "no_such_object")
	}
}

func lists(t *testing.T, bucket BucketUnderTest) {
	ctx := t.Context()
	var want []string
	for n := range 1050 { // more than one answer lists
		want = append(want, fmt.Sprintf("lists/a/%04d", n))
	}
	want = append(want, "lists/a/Z", "lists/a/b/c", "lists/a/日本")
	slices.Sort(want)
	for _, key := range append([]string{"lists/ab", "lists/b"}, backwards(want)...) {
		must(t, bucket.Put(ctx, key, "text/plain", nil))
	}
	got, err := bucket.List(ctx, "lists/a/")
	must(t, err)
	equal(t, "List", got, want)
	got = nil
	for key, err := range bucket.Keys(ctx, "lists/a/") {
		must(t, err)
		if got = append(got, key); len(got) == 3 {
			break
		}
	}
	equal(t, "the first of Keys", got, want[:3])
	for since, written := range map[time.Duration][]string{-time.Hour: want, time.Hour: nil} {
		got = nil
		for key, err := range bucket.KeysSince(ctx, "lists/a/", time.Now().Add(since)) {
			must(t, err)
			got = append(got, key)
		}
		equal(t, fmt.Sprintf("KeysSince %s from now", since), got, written)
	}
	got, err = bucket.List(ctx, "nowhere/")
	must(t, err)
	equal(t, "List of nowhere", len(got), 0)
}

func presigned(t *testing.T, bucket BucketUnderTest) {
	ctx := t.Context()
	must(t, bucket.Put(ctx, "presigned/kpis.csv", "text/csv", []byte("a,b")))
	first, err := bucket.PresignGet(ctx, "presigned/kpis.csv", "KPIs week 47 – ü.csv", time.Minute)
	must(t, err)
	other, err := bucket.PresignGet(ctx, "presigned/kpis.csv", "kpis.csv", time.Hour)
	must(t, err)
	if first == "" || first == other {
		t.Errorf("PresignGet: %q and %q, want two addresses", first, other)
	}
}
