def transform(flights_file):
    return flights_file
