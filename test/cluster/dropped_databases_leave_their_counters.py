"""More databases than shared memory has counters for, one after the other: each finds those of one that is gone."""
from harness import Cluster, check_equal, run

DATABASES = 66  # two more than there are counters for


def every_database_is_counted_for():
    with Cluster(fsync="off") as cluster:
        cluster.query("CREATE DATABASE pattern")
        cluster.query("CREATE EXTENSION playbook", database="pattern")
        uncounted = []
        for number in range(DATABASES):
            cluster.query("CREATE DATABASE passing TEMPLATE pattern STRATEGY file_copy")
            if cluster.value("SELECT count(*) FROM playbook_stat", database="passing") == 0:
                uncounted.append(number)
            cluster.query("DROP DATABASE passing WITH (FORCE)")
        check_equal(uncounted, [], "databases without counters")


run(every_database_is_counted_for)
