// Package bucket keeps objects in one S3 bucket. An object is written whole or not at all, and one that is written again is replaced. What the
// objects mean, and under which keys they lie, is for its callers.
//
//	exports := bucket.New(bucket.NewClient(os.Getenv), "waymark-exports")
//	err := exports.Put(ctx, "demo/daily/2026-11-22/kpis.csv", "text/csv; charset=utf-8", body)
package bucket

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"iter"
	"mime"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"waymark/shared/domain/fault"
)

// Bucket is one bucket. Errors of its methods are faults of kind NotFound and Unavailable (throttled, no answer, a fault of the service);
// everything else is Internal.
type Bucket struct {
	client *s3.Client
	name   string
}

// New is the bucket of that name.
func New(client *s3.Client, name string) *Bucket {
	return &Bucket{client: client, name: name}
}

// Put writes an object.
func (b *Bucket) Put(ctx context.Context, key, contentType string, body []byte) error {
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: &key, Body: bytes.NewReader(body), ContentType: &contentType,
	})
	return translate("write object "+key, err)
}

// Get reads an object; fault.NotFound when there is none.
func (b *Bucket) Get(ctx context.Context, key string) ([]byte, error) {
	body, err := b.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	content, err := io.ReadAll(body)
	return content, translate("read object "+key, err)
}

// Open reads an object as a stream, which the caller closes; fault.NotFound when there is none.
func (b *Bucket) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: &key})
	if err != nil {
		return nil, translate("open object "+key, err)
	}
	return out.Body, nil
}

// Delete removes an object; one that is gone is gone.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: &key})
	return translate("delete object "+key, err)
}

// Keys yields the keys that begin with a prefix, in the order of their bytes.
func (b *Bucket) Keys(ctx context.Context, prefix string) iter.Seq2[string, error] {
	return b.KeysSince(ctx, prefix, time.Time{})
}

// KeysSince yields the keys of objects that were written at an instant or later, by the clock of S3, which cuts off parts of a second.
func (b *Bucket) KeysSince(ctx context.Context, prefix string, since time.Time) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &prefix})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield("", translate("list objects "+prefix, err))
				return
			}
			for _, object := range page.Contents {
				if aws.ToTime(object.LastModified).Before(since.Truncate(time.Second)) {
					continue
				}
				if !yield(aws.ToString(object.Key), nil) {
					return
				}
			}
		}
	}
}

// List is all Keys at once.
func (b *Bucket) List(ctx context.Context, prefix string) ([]string, error) {
	var keys []string
	for key, err := range b.Keys(ctx, prefix) {
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// PresignGet makes an address from which anyone who has it may download the object under a file name, until ttl has passed. It does not ask
// whether there is such an object.
func (b *Bucket) PresignGet(ctx context.Context, key, filename string, ttl time.Duration) (string, error) {
	disposition := mime.FormatMediaType("attachment", map[string]string{"filename": filename})
	if disposition == "" {
		return "", fault.New(fault.Invalid, "bad_file_name", "the file name cannot be written into a header")
	}
	request, err := s3.NewPresignClient(b.client).PresignGetObject(ctx, &s3.GetObjectInput{
		Bucket: &b.name, Key: &key, ResponseContentDisposition: &disposition,
	}, s3.WithPresignExpires(ttl))
	if err != nil {
		return "", fmt.Errorf("sign address of object %s: %w", key, err)
	}
	return request.URL, nil
}
