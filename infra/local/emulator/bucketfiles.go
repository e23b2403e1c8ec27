package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// bucketFiles is an S3 backend that answers from memory and keeps every object as a file, so that a second start finds
// them and a person can open them. gofakes3's own file backend cannot page listings and takes a missing prefix for a
// missing bucket; its database hides the objects.
//
// The rules are:
//   - objects/<bucket>/<key> holds the bytes, metadata/<bucket>/<key> the headers; segments of a key that are no safe file
//     names are escaped.
//   - A file is written beside its place and renamed: after a crash an object is whole or absent.
//   - Nothing is synced to the disk: the last seconds before a power cut may be missing.
type bucketFiles struct {
	*s3mem.Backend
	directory string
	clock     *loadClock
	mu        sync.Mutex // one change at a time, so that files and memory agree
}

// loadClock gives loaded objects the time of their file.
type loadClock struct {
	mu     sync.Mutex
	loaded time.Time // zero once everything is loaded
}

func (c *loadClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.loaded.IsZero() {
		return time.Now()
	}
	return c.loaded
}

func (c *loadClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

func (c *loadClock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.loaded = t
}

func openBucketFiles(directory string) (*bucketFiles, error) {
	clock := &loadClock{}
	b := &bucketFiles{Backend: s3mem.New(s3mem.WithTimeSource(clock)), directory: directory, clock: clock}
	if err := os.MkdirAll(b.objects(), 0o755); err != nil {
		return nil, fmt.Errorf("open bucket files: %w", err)
	}
	defer clock.set(time.Time{})
	buckets, err := os.ReadDir(b.objects())
	if err != nil {
		return nil, fmt.Errorf("open bucket files: %w", err)
	}
	for _, bucket := range buckets {
		if !bucket.IsDir() {
			continue
		}
		if err := b.load(bucket.Name()); err != nil {
			return nil, fmt.Errorf("load bucket %s: %w", bucket.Name(), err)
		}
	}
	return b, nil
}

func (b *bucketFiles) objects() string  { return filepath.Join(b.directory, "objects") }
func (b *bucketFiles) metadata() string { return filepath.Join(b.directory, "metadata") }

func (b *bucketFiles) load(bucket string) error {
	if err := b.Backend.CreateBucket(bucket); err != nil {
		return err
	}
	root := filepath.Join(b.objects(), bucket)
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if strings.HasSuffix(path, unfinished) {
			return os.Remove(path)
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		return b.loadObject(bucket, relative, path)
	})
}

func (b *bucketFiles) loadObject(bucket, relative, path string) error {
	key, err := unescapeKey(relative)
	if err != nil {
		return err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if info, err := os.Stat(path); err == nil {
		b.clock.set(info.ModTime())
	}
	meta := map[string]string{}
	encoded, err := os.ReadFile(filepath.Join(b.metadata(), bucket, relative))
	if err == nil {
		err = json.Unmarshal(encoded, &meta)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read metadata of %s: %w", key, err)
	}
	_, err = b.Backend.PutObject(bucket, key, meta, bytes.NewReader(data), int64(len(data)), nil)
	return err
}

// CreateBucket makes the bucket and its directory.
func (b *bucketFiles) CreateBucket(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.Backend.CreateBucket(name); err != nil {
		return err
	}
	return os.MkdirAll(filepath.Join(b.objects(), name), 0o755)
}

// DeleteBucket removes an empty bucket.
func (b *bucketFiles) DeleteBucket(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.Backend.DeleteBucket(name); err != nil {
		return err
	}
	return b.removeTrees(name)
}

// ForceDeleteBucket removes a bucket with its objects.
func (b *bucketFiles) ForceDeleteBucket(name string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.Backend.ForceDeleteBucket(name); err != nil {
		return err
	}
	return b.removeTrees(name)
}

func (b *bucketFiles) removeTrees(bucket string) error {
	return errors.Join(os.RemoveAll(filepath.Join(b.objects(), bucket)), os.RemoveAll(filepath.Join(b.metadata(), bucket)))
}

// PutObject stores an object in memory, which also checks the conditions, and then as a file.
func (b *bucketFiles) PutObject(bucket, key string, meta map[string]string, input io.Reader, size int64, conditions *gofakes3.PutConditions) (gofakes3.PutObjectResult, error) {
	data, err := gofakes3.ReadAll(input, size)
	if err != nil {
		return gofakes3.PutObjectResult{}, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	result, err := b.Backend.PutObject(bucket, key, meta, bytes.NewReader(data), size, conditions)
	if err != nil {
		return result, err
	}
	encoded, err := json.Marshal(meta)
	if err != nil {
		return result, err
	}
	// The headers come first: an object without them would be served without its content type after a crash.
	if err := writeWhole(filepath.Join(b.metadata(), bucket, escapeKey(key)), encoded); err != nil {
		return result, err
	}
	return result, writeWhole(filepath.Join(b.objects(), bucket, escapeKey(key)), data)
}

// CopyObject copies through PutObject, so that the copy has a file too.
func (b *bucketFiles) CopyObject(fromBucket, fromKey, toBucket, toKey string, meta map[string]string) (gofakes3.CopyObjectResult, error) {
	return gofakes3.CopyObject(b, fromBucket, fromKey, toBucket, toKey, meta)
}

// DeleteObject removes an object and its files.
func (b *bucketFiles) DeleteObject(bucket, key string) (gofakes3.ObjectDeleteResult, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	result, err := b.Backend.DeleteObject(bucket, key)
	if err != nil {
		return result, err
	}
	return result, b.removeFiles(bucket, key)
}

// DeleteMulti removes several objects and their files.
func (b *bucketFiles) DeleteMulti(bucket string, keys ...string) (gofakes3.MultiDeleteResult, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	result, err := b.Backend.DeleteMulti(bucket, keys...)
	for _, deleted := range result.Deleted {
		err = errors.Join(err, b.removeFiles(bucket, deleted.Key))
	}
	return result, err
}

func (b *bucketFiles) removeFiles(bucket, key string) error {
	var errs []error
	for _, root := range []string{b.objects(), b.metadata()} {
		if err := os.Remove(filepath.Join(root, bucket, escapeKey(key))); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// unfinished ends the names of files that are being written; keys cannot contain it, because ~ is escaped.
const unfinished = "~"

func writeWhole(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(path+unfinished, data, 0o644); err != nil {
		return err
	}
	return os.Rename(path+unfinished, path)
}

// escapeKey makes a relative file path of a key. Every segment that is a directory ends in nothing special and every
// segment is at least one character, so only "", "." and ".." need a word of their own.
func escapeKey(key string) string {
	segments := strings.Split(key, "/")
	for i, segment := range segments {
		segment = strings.ReplaceAll(url.PathEscape(segment), "~", "%7E")
		switch segment {
		case "":
			segment = "%"
		case ".", "..":
			segment = strings.ReplaceAll(segment, ".", "%2E")
		}
		segments[i] = segment
	}
	return filepath.Join(segments...)
}

func unescapeKey(path string) (string, error) {
	segments := strings.Split(filepath.ToSlash(path), "/")
	for i, segment := range segments {
		if segment == "%" {
			segments[i] = ""
			continue
		}
		key, err := url.PathUnescape(segment)
		if err != nil {
			return "", fmt.Errorf("read file name %s: %w", path, err)
		}
		segments[i] = key
	}
	return strings.Join(segments, "/"), nil
}
