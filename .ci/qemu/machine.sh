# To be sourced: a machine in QEMU that runs the recorder. Emulates the processor (TCG): needs no KVM.
# Environment: RECORDER: a fleet-recorder made before; default: it is published into FOLDER once. GUEST_SECONDS: how long a guest may take.

# prepare_machine FOLDER: FOLDER/root gets the recorder, the libraries it needs and busybox.
prepare_machine() {
  local folder=$1 here tool library recorder
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  for tool in qemu-system-x86_64 gcc clang cpio busybox; do
    command -v $tool > /dev/null || { echo "$tool is missing: apt-get install qemu-system-x86 gcc libc6-dev clang zlib1g-dev cpio busybox-static" >&2; exit 1; }
  done
  rm -rf "$folder/root"; mkdir -p "$folder"/root/{bin,proc,sys,dev,tmp}
  recorder=${RECORDER:-$folder/recorder/fleet-recorder}
  if [ ! -x "$recorder" ]; then
    dotnet publish "$here/../../src/FleetEstimator.RecorderCli" -c Release -r linux-x64 -o "$folder/recorder" > "$folder/publish.log" 2>&1 \
      || { tail "$folder/publish.log" >&2; exit 1; }
  fi
  cp "$recorder" "$folder/root/bin/fleet-recorder"
  cp "$(command -v busybox)" "$folder/root/bin/busybox"
  for library in $(ldd "$recorder" | awk '$2 == "=>" && $3 ~ /^\// {print $3} $1 ~ /^\// && $2 ~ /^\(/ {print $1}' | sort -u); do
    cp -L --parents "$library" "$folder/root"
  done
}

# boot_machine KERNEL-IMAGE FOLDER: runs the commands on standard input in an empty folder; what they leave there is in FOLDER/out at the end.
boot_machine() {
  local kernel=$1 folder=$2
  {
    cat << 'BEGIN'
#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin HOME=/tmp
mount -t proc proc /proc; mount -t sysfs sysfs /sys; mount -t devtmpfs dev /dev; mount -t tmpfs tmp /tmp; mkdir -p /run; mount -t tmpfs run /run
mkdir /tmp/out; cd /tmp/out
uname -a > kernel
BEGIN
    cat
    cat << 'END'
ls -l; dmesg > dmesg
stty -F /dev/ttyS1 raw -echo
tar cz . | base64 > /dev/ttyS1
sync; poweroff -f
END
  } > "$folder/root/init"
  chmod +x "$folder/root/init"
  (cd "$folder/root" && find . | cpio -o -H newc --quiet) > "$folder/initramfs"

  # mem=: memory that ends at a whole word of the idle page bitmap; of the frames in a partial one nothing is known.
  rm -rf "$folder/out" "$folder/disk"; mkdir -p "$folder/out"
  timeout "${GUEST_SECONDS:-1800}" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 2200M -nodefaults -display none -no-reboot \
    -serial "file:$folder/console" -serial "file:$folder/disk" -kernel "$kernel" -initrd "$folder/initramfs" \
    -append "console=ttyS0 quiet panic=-1 mem=2000M" || { tail "$folder/console" >&2; echo "The guest did not end; see $folder/console" >&2; exit 1; }
  base64 -di "$folder/disk" | tar xz -C "$folder/out"
  echo "guest: $(cat "$folder/out/kernel")"
}
