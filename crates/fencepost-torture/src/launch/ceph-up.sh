#!/usr/bin/env bash
# Starts a whole Ceph on loopback, in the foreground: a monitor, an OSD, a manager and the gateway for S3.
#   up.sh DIR GATEWAY_PORT MONITOR_PORT_2 MONITOR_PORT_1 KEY SECRET
# The first start makes everything; later ones go on with what is there. All processes stay in this one's group.
set -u
dir=$1 gateway=$2 v2=$3 v1=$4 key=$5 secret=$6
export CEPH_CONF=$dir/ceph.conf
fsid=6f5f1d2e-0000-4000-8000-000000000001
osd=6f5f1d2e-0000-4000-8000-0000000000aa
fresh=no
[ -e "$dir/made" ] || fresh=yes

if [ $fresh = yes ]; then
  mkdir -p "$dir"/{mon,osd0,mgr,run,log}
  # With `auth none` the gateway hangs at its start; without `cluster_addr` the OSD listens on every address.
  cat > "$CEPH_CONF" <<C
[global]
fsid = $fsid
mon_initial_members = a
mon_host = [v2:127.0.0.1:$v2,v1:127.0.0.1:$v1]
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
keyring = $dir/keyring
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
osd_crush_chooseleaf_type = 0
run_dir = $dir/run
admin_socket = $dir/run/\$name.\$pid.asok
log_file = $dir/log/\$name.log
mon_data = $dir/mon
osd_data = $dir/osd0
osd_objectstore = bluestore
bluestore_block_size = 4294967296
rgw_frontends = beast endpoint=127.0.0.1:$gateway
rgw_enable_apis = s3
C
  ceph-authtool --create-keyring "$dir/keyring" --gen-key -n mon. --cap mon "allow *"
  for name in client.admin client.rgw.a osd.0 mgr.x; do
    ceph-authtool "$dir/keyring" --gen-key -n $name \
      --cap mon "allow *" --cap osd "allow *" --cap mgr "allow *" --cap mds "allow *"
  done
  monmaptool --create --clobber --fsid $fsid --addv a "[v2:127.0.0.1:$v2,v1:127.0.0.1:$v1]" "$dir/monmap"
  ceph-mon --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/keyring"
fi

ceph-mon -i a -f &
if [ $fresh = yes ]; then
  ceph --connect-timeout 20 osd create $osd 0
  ceph-osd -i 0 --mkfs --osd-uuid $osd
fi
ceph-osd -i 0 -f &
ceph-mgr -i x -f --mgr_data="$dir/mgr" --no-mon-config &
for _ in $(seq 100); do
  ceph --connect-timeout 5 -s 2> /dev/null | grep -q "mgr: x(active" && break
  sleep 0.3
done
radosgw -n client.rgw.a -f &
if [ $fresh = yes ]; then
  radosgw-admin user create --uid=test --display-name=test --access-key="$key" --secret="$secret"
  touch "$dir/made"
fi
wait
