"""Nearest neighbours of descriptors, among millions: product quantization trees and their codes."""
