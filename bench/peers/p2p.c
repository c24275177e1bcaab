/* The peer of `worldsize bench p2p`: a message there and back, one JSON line per size.
 * Build: mpicc -O3 p2p.c -o p2p; run: mpirun -n 2 ./p2p BYTES ITERATIONS ... */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
  MPI_Init(&argc, &argv);
  int rank;
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  for (int arg = 1; arg + 1 < argc; arg += 2) {
    int bytes = atoi(argv[arg]), iterations = atoi(argv[arg + 1]);
    char *data = calloc(bytes + 1, 1);
    double best = 1e9;
    for (int round = 0; round < 4; round++) {
      MPI_Barrier(MPI_COMM_WORLD);
      double start = MPI_Wtime();
      for (int i = 0; i < iterations; i++) {
        if (rank == 0) {
          MPI_Send(data, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD);
          MPI_Recv(data, bytes, MPI_BYTE, 1, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
        } else if (rank == 1) {
          MPI_Recv(data, bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
          MPI_Send(data, bytes, MPI_BYTE, 0, 0, MPI_COMM_WORLD);
        }
      }
      double each = (MPI_Wtime() - start) / iterations;
      if (each < best) best = each;
    }
    if (rank == 0) printf("{\"bytes\": %d, \"seconds\": %.9f}\n", bytes, best);
    free(data);
  }
  MPI_Finalize();
}
