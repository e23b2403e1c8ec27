//go:build s3

package main

import _ "github.com/aws/aws-sdk-go-v2/service/s3"
