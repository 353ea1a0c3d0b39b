/// Of this program; stands in `--version`, in parked messages and in the broker's management.
package let programVersion = "0.1.0"
